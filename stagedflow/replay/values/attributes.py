"""What an object holds, found without running a line of its class: by the methods of `type` itself."""

import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import (
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
)
from typing import Any

LIBRARY_FOLDERS = tuple({sysconfig.get_paths()[n] + os.sep for n in ("stdlib", "platstdlib", "purelib", "platlib")})
"""Where Python's own modules and the installed packages are."""

_LIBRARIES = ("<frozen ", *LIBRARY_FOLDERS, os.path.dirname(os.path.dirname(__file__)) + os.sep)

_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__

_namespace: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__

is_a: Callable[[type, type], bool] = type.__subclasscheck__
"""`is_a(base, kind)`: `issubclass` for a base with a metaclass that would have a say in it."""

type_name: Callable[[type], str] = type.__dict__["__name__"].__get__


def found_in(kind: type, name: str) -> Any:
    """What stands in a class or its bases under a name, as it stands there, or None."""
    for base in _mro(kind):
        space = _namespace(base)
        if name in space:
            return space[name]
    return None


def slots_of(value: Any) -> Iterator[tuple[str, Any]]:
    """The `__slots__` that are set, with their values, those of the base classes first."""
    for base in _mro(type(value))[-2::-1]:  # all but `object`, which has none
        for name, member in _namespace(base).items():
            if type(member) is MemberDescriptorType and type(name) is str and not name.startswith("__"):
                try:
                    yield name, member.__get__(value)
                except (AttributeError, TypeError):  # it has not been set
                    continue


def own_dict(value: Any) -> dict[Any, Any]:
    """Its `__dict__` by Python's own descriptor: a class may have a property of that name, or answer for it."""
    for base in _mro(type(value)):
        found: Any = _namespace(base).get("__dict__")
        if type(found) is GetSetDescriptorType or type(found) is MemberDescriptorType:
            try:
                return found.__get__(value)  # type: ignore[no-any-return]
            except (AttributeError, TypeError):  # a base made in C keeps it to itself
                continue
    return {}


def is_learners(shape: Any) -> bool:
    """True if this is a function written outside of libraries, or one of a library's that wraps such a function."""
    for _ in range(10):
        if type(shape) is not FunctionType:
            return False
        if not is_of_a_library(shape.__code__.co_filename):
            return True
        shape = shape.__dict__.get("__wrapped__")
    return True


@lru_cache(maxsize=2_048)
def is_of_a_library(file: str) -> bool:
    """True if this source file is Python's own, an installed package's, or this package's."""
    return file.startswith(_LIBRARIES)
