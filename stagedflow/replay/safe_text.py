"""Values of a workflow as bounded, deterministic text, told without running a line of the learner's own code.

A `__repr__`, `__len__` or property of the learner's could change the workflow, or never end. So a type is asked by
`type`'s own methods, a value by those of the built-in type that it is, and an object with a `__repr__` of the learner's
is told by its attributes. It is asked for every attribute at every activation: it looks at no more than it shows.
"""

import asyncio
import json
import os
import re
import sys
import sysconfig
import weakref
from array import array
from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from gc import get_referents
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from itertools import chain, islice
from operator import itemgetter
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from types import (
    BuiltinFunctionType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    SimpleNamespace,
)
from typing import Any
from uuid import UUID

from stagedflow.replay import _sdk

HIDDEN = "•••• (hidden: the name looks secret)"

_LIMIT = 200
_ITEMS = 10
_DEPTH = 5
_NAMES = 50
_SORTED = 1_000
"""A larger set is only counted: its order differs from process to process, and to sort it would take long."""
_PARSED = 100_000
"""Characters of JSON above which it is not parsed, but cut where a secret may begin."""
_LONG = 512
"""Bits of an integer above which its digits are counted rather than told: they cost time with their square."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SECRET_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|authori[sz]ation|bearer|cookie"
    r"|(?:api|access|private|encryption|signing|session)[ _-]?key)"
)
_SECRET = re.compile(_SECRET_WORDS, re.IGNORECASE)
_IN_STRING = re.compile(rf"{_SECRET_WORDS}\w*[\\'\"\])]*(?:\s*[=:>]|(?<=bearer)\s)", re.IGNORECASE)
_IN_REPR = re.compile(rf"{_SECRET_WORDS}\w*['\"]?\s*[=:]\s*", re.IGNORECASE)
_WHOLE = re.compile(r"""([bB]?'(?:[^'\\]|\\.)*'|[bB]?"(?:[^"\\]|\\.)*"|None|True|False)(?=[,)\]}>]|$)""")
"""A value in a `repr` whose end is beyond doubt."""
_ESCAPED_ASCII = re.compile(r"\\u00([2-7][0-9a-fA-F])")

_PATHS = {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_LIBRARIES = ("<frozen ", *(path + os.sep for path in {*_PATHS, os.path.dirname(__file__)}))
_PAUSES = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR


def safe_text(value: Any) -> str:
    """At most 200 characters that say what `value` is: printable, without memory addresses, the same every time.

    No code of the learner's is run, and an error is told, not raised. What stands under a name that looks secret (as a
    key, or as an attribute) is hidden.

    Raises:
        BaseException: Only the SDK's interrupt of a workflow task that takes too long. It comes once: were it
            swallowed here, nothing would end the task.
    """
    try:
        text = _short(value)
        return _Teller().tell(value) if text is None else text
    except BaseException as error:  # Python's stack may have no room left
        if _interrupts(error):
            raise
        return "<it cannot be told>"


def safe_names(values: Mapping[str, Any]) -> dict[str, str]:
    """`safe_text` of each value, under its name, at most 50 of them, in the order of the names."""
    pairs = dict.items(values) if issubclass(type(values), dict) else values.items()  # type: ignore[arg-type]
    named = [(name if type(name) is str else _key_text(name), value) for name, value in pairs]
    named.sort(key=itemgetter(0))
    return {
        name if len(name) <= _LIMIT and name.isprintable() else _key_text(name): (
            HIDDEN if _hides(name, value) else safe_text(value)
        )
        for name, value in named[:_NAMES]
    }


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds: its `__slots__`, its base classes' first, and what is in its `__dict__`.

    No code of the object's class is run: properties, `__getattr__` and `__getattribute__` are not asked.
    """
    held = dict(_slots(value))
    for name, part in dict.items(_own_dict(value)):
        held[name if type(name) is str else _key_text(name)] = part
    return held


def without_secrets(text: str) -> str:
    """A payload's text with what stands under a name that looks secret hidden; other text as it came.

    Of JSON the whole value under such a name is hidden, whatever it holds. Any other text, and JSON that is cut off or
    longer than 100,000 characters, ends at the first such name.
    """
    plain = _ESCAPED_ASCII.sub(lambda found: chr(int(found[1], 16)), text) if "\\u00" in text else text
    found = _SECRET.search(plain)
    if not found:
        return text
    try:
        value = json.loads(text) if len(text) <= _PARSED else None
        kept = _kept(value)
        if value is not None:
            return text if kept == value else _spelled(kept, text.isascii())
    except (ValueError, RecursionError):
        pass
    return plain[: found.end()] + HIDDEN


def _kept(value: Any) -> Any:
    """What may be shown of parsed JSON."""
    if type(value) is dict:
        return {name: HIDDEN if _hides(name, part) else _kept(part) for name, part in value.items()}
    if type(value) is list:
        return [_kept(part) for part in value]
    if type(value) is not str:
        return value
    if value[:1] in ("{", "["):  # JSON within JSON
        return without_secrets(value)
    found = _IN_STRING.search(value)
    return value[: found.end()] + HIDDEN if found else value


def _spelled(value: Any, ascii: bool) -> str:
    """JSON as Temporal's converter spells it, but for what is hidden: that is no string of the payload's."""
    hidden = json.dumps(HIDDEN, ensure_ascii=ascii)
    text = json.dumps(value, ensure_ascii=ascii, separators=(",", ":"))
    return text.replace(hidden, HIDDEN).replace(hidden[1:-1], HIDDEN)


class _Refused(BaseException):
    """A library's `repr` was about to run code of the learner's."""


class _Teller:
    """Tells one value, in parts, until there is no more room."""

    def __init__(self, inside: set[int] | None = None, largest_set: int = _SORTED) -> None:
        self._parts: list[str] = []
        self._room = _LIMIT + 1
        self._inside: set[int] = set() if inside is None else inside
        self._largest_set = largest_set
        self._guards = self._refused = False

    def tell(self, value: Any) -> str:
        self._value(value)
        text = "".join(self._parts)
        if not text.isprintable():
            text = "".join(c if c.isprintable() else _escaped(c) for c in text[: _LIMIT + 1])
        return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._room -= len(text)

    def _value(self, value: Any) -> None:
        if (text := _short(value)) is not None:
            self._add(text)
            return
        if id(value) in self._inside:
            self._add("...")
            return
        parts, room, inside = len(self._parts), self._room, len(self._inside)
        self._inside.add(id(value))
        try:
            tell = _TELLS.get(id(type(value))) or _teller_of(type(value))
            if inside < _DEPTH or tell in _FLAT:
                tell(self, value)
            else:
                self._add("…")
        except BaseException as error:  # whatever it is, a workflow task must not fail by being looked at
            if _interrupts(error):
                raise
            del self._parts[parts:]
            self._room = room
            self._otherwise(value, error)
        finally:
            self._inside.discard(id(value))

    def _otherwise(self, value: Any, error: BaseException) -> None:
        """A class may break what the type that it is made from relies on."""
        parts = len(self._parts)
        try:
            self._attributes(value)
        except BaseException as another:
            if _interrupts(another):
                raise
            self._parts[parts:] = [f"<{_name(type(value))}: its repr raised {_name(type(error))}>"]

    def _repr(self, value: Any) -> None:
        """Its own `repr`, which runs nothing but its own code."""
        self._told(repr(value))

    def _told(self, text: str) -> None:
        self._add(_hidden_in_repr(_ADDRESS.sub("", _cut(text, 4 * _LIMIT))))

    def _library_repr(self, value: Any) -> None:
        """A `repr` made in C, or a library's, which may hold values of the learner's, and call theirs."""
        previous, text = sys.gettrace(), None
        try:
            self._refused, self._guards = False, True
            sys.settrace(self._refuse)
            text = repr(value)
        except _Refused:
            pass
        finally:
            self._guards = False
            sys.settrace(previous)
        # Python has `repr` swallow what is raised on the way to a `__repr__`.
        self._attributes(value) if text is None or self._refused else self._told(text)

    def _moment(self, value: Any) -> None:
        """A `datetime`, whose `repr` holds that of its time zone."""
        zone = value.tzinfo
        if zone is None:
            self._repr(value)
            return
        self._add(f"{value.replace(tzinfo=None)!r}"[:-1] + ", tzinfo=")
        self._value(zone)
        self._add(")")

    def _refuse(self, frame: FrameType, _event: str, _argument: Any) -> None:
        """Python's trace hook: an exception in it comes before the first line of what is called."""
        code = frame.f_code
        # What Python itself cleans up meanwhile is none of the repr's doing.
        cleans_up = code.co_flags & _PAUSES or code.co_name == "__del__"
        if self._guards and not cleans_up and not _is_of_a_library(code.co_filename):
            self._refused = True
            raise _Refused

    def _attributes(self, value: Any) -> None:
        slots, own = list(_slots(value)), _own_dict(value)
        items = chain(slots, dict.items(own))
        self._all(f"{_name(type(value))}(", items, len(slots) + dict.__len__(own), ")", self._attribute)

    def _attribute(self, pair: tuple[Any, Any]) -> None:
        name = pair[0] if type(pair[0]) is str else _key_text(pair[0])
        self._add(f"{name[:_LIMIT]}=")
        self._hidden_or_value(name, pair[1])

    def _fields(self, value: Any) -> None:
        """A dataclass, by the fields that its `repr` is meant to show."""
        kind = type(value)
        known: Any = SimpleNamespace(__dataclass_fields__=_found(kind, "__dataclass_fields__"))
        held = attributes_of(value) if _found(kind, "__slots__") else _own_dict(value)
        named = [(f.name, dict.get(held, f.name, f.default)) for f in fields(known) if f.repr is True]
        shown = [pair for pair in named if pair[1] is not MISSING]
        self._all(f"{_name(type(value))}(", shown, len(shown), ")", self._attribute)

    def _named_tuple(self, value: Any) -> None:
        pairs = zip(_found(type(value), "_fields"), tuple.__iter__(value), strict=False)
        self._all(f"{_name(type(value))}(", pairs, tuple.__len__(value), ")", self._attribute)

    def _number(self, value: Any) -> None:
        if issubclass(type(value), float):
            self._add(float.__repr__(value))
        elif (bits := int.bit_length(value)) <= _LONG:
            self._add(int.__repr__(value))
        else:
            self._add(f"<int of about {int(bits * 0.30103) + 1:,} digits>")

    def _string(self, value: Any) -> None:
        base = next(base for base in (str, bytes, bytearray) if issubclass(type(value), base))
        length = base.__len__(value)
        head: Any = base.__getitem__(value, slice(_LIMIT))
        told = repr(bytes(head) if base is bytearray else head)
        self._add(told if length <= _LIMIT else f"({length:,} long) {told}")

    def _sequence(self, value: Any) -> None:
        kind = type(value)
        base = next(base for base in _SEQUENCES if issubclass(kind, base))
        length = base.__len__(value)
        start, end = _BRACKETS.get(id(kind)) or (f"{_name(kind)}([", "])")
        if kind is tuple and length == 1:
            end = ",)"
        self._all(start, base.__iter__(value), length, end, self._value)

    def _set(self, value: Any) -> None:
        base = set if issubclass(type(value), set) else frozenset
        name, count = _name(type(value)), base.__len__(value)
        if not 0 < count <= self._largest_set:
            self._add(f"<{name} of {count:,}>" if count else f"{name}()")
            return
        items = list(base.__iter__(value))
        if all(type(i) is int or type(i) is float for i in items):
            texts = [safe_text(i) for i in sorted(items)]
        else:
            # Each is told, if only to be sorted: of sets within sets so many less.
            texts = sorted(_Teller(self._inside, self._largest_set // 30).tell(i) for i in items)
        start, end = ("{", "}") if type(value) is set else (f"{name}({{", "})")
        self._all(start, texts, count, end, self._add)

    def _dict(self, value: Any) -> None:
        start, end = ("{", "}") if type(value) is dict else (f"{_name(type(value))}({{", "})")
        self._all(start, dict.items(value), dict.__len__(value), end, self._pair)

    def _pair(self, pair: tuple[Any, Any]) -> None:
        key, value = pair
        parts = len(self._parts)
        self._value(key)
        name = key if type(key) is str else "".join(self._parts[parts:])
        self._add(": ")
        self._hidden_or_value(name, value)

    def _hidden_or_value(self, name: str, value: Any) -> None:
        self._add(HIDDEN) if _hides(name, value) else self._value(value)

    def _proxied(self, value: Any) -> None:
        self._add("mappingproxy(")
        self._value(get_referents(value)[0])
        self._add(")")

    def _data(self, value: Any) -> None:
        self._add(f"{_name(type(value))}(")
        self._value(dict.__getitem__(_own_dict(value), "data"))
        self._add(")")

    def _queue(self, value: Any) -> None:
        """Its `repr` tells all that is in it, however much."""
        own = _own_dict(value)
        self._add(f"<{_name(type(value))} of ")
        self._value(dict.__getitem__(own, "_queue"))
        self._add(", ")
        self._value(dict.__getitem__(own, "_unfinished_tasks"))
        self._add(" unfinished>")

    def _enum(self, value: Any) -> None:
        own = _own_dict(value)
        known = dict.__getitem__(own, "_name_")
        name = "" if known is None else _key_text(known)  # a combination of flags may have none
        self._add(f"<{_name(type(value))}{'.' if name else ''}{name}: ")
        self._hidden_or_value(name, dict.__getitem__(own, "_value_"))
        self._add(">")

    def _exception(self, value: Any) -> None:
        arguments = BaseException.args.__get__(value)  # type: ignore[attr-defined]
        parts = len(self._parts)
        self._all(f"{_name(type(value))}(", arguments, len(arguments), ")", self._value)
        self._parts[parts:] = [_hidden_in_repr("".join(self._parts[parts:]))]

    def _method(self, value: Any) -> None:
        function = value.__func__
        name = _cut(function.__qualname__) if type(function) is FunctionType else _name(type(function))
        self._add(f"<bound method {name} of {_name(type(value.__self__))}>")

    def _class(self, value: Any) -> None:
        self._add(type.__repr__(value))

    def _reference(self, value: Any) -> None:
        """A weak reference's `repr` asks what it refers to for a `__name__`."""
        self._add(f"<{_name(type(value))}>")

    def _future(self, value: Any) -> None:
        """A task's `repr` holds a number that counts the process's tasks, and the path of a file."""
        name = _name(type(value))
        if issubclass(type(value), asyncio.Task):
            name = _cut(asyncio.Task.get_name(value)).partition(_sdk.TASK_SUFFIX)[0]
            if name.startswith("Task-"):
                coroutine: Any = asyncio.Task.get_coro(value)
                known = type(coroutine) is CoroutineType or type(coroutine) is GeneratorType
                name = f"Task of {_cut(coroutine.__qualname__) if known else 'a coroutine'}"
        cancelled, done = asyncio.Future.cancelled(value), asyncio.Future.done(value)
        self._add(f"<{name}, {'cancelled' if cancelled else 'done' if done else 'pending'}>")

    def _all(self, start: str, items: Iterable[Any], count: int, end: str, tell: Callable[[Any], None]) -> None:
        self._add(start)
        for place, item in enumerate(islice(items, _ITEMS)):
            if self._room <= 0:
                return
            if place:
                self._add(", ")
            tell(item)
        if count > _ITEMS:
            self._add(f", … {count - _ITEMS:,} more")
        self._add(end)


def _short(value: Any) -> str | None:
    """The text of the values that most are, if they are short."""
    kind = type(value)
    if kind is str:
        text = repr(value) if len(value) < _LIMIT // 2 else ""
        return text if 0 < len(text) <= _LIMIT else None
    if value is None or kind is bool or kind is float or (kind is int and value.bit_length() <= _LONG):
        return repr(value)
    return None


_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_SEQUENCES: tuple[Any, ...] = (list, tuple, deque, array, *_VIEWS)
_BRACKETS = {id(list): ("[", "]"), id(tuple): ("(", ")")}
_LEAVES = (
    object, complex, range, date, timedelta, timezone, Decimal, UUID, FunctionType, BuiltinFunctionType, CoroutineType,
    GeneratorType, PosixPath, PurePosixPath, PureWindowsPath, WindowsPath,
)  # fmt: skip
_FLAT = (
    _Teller._number, _Teller._string, _Teller._repr, _Teller._library_repr, _Teller._moment, _Teller._future,
    _Teller._class, _Teller._method, _Teller._reference,
)  # fmt: skip
_TELLERS: tuple[tuple[tuple[type, ...], Any], ...] = (
    ((int, float), _Teller._number),
    ((str, bytes, bytearray), _Teller._string),
    (_SEQUENCES, _Teller._sequence),
    ((set, frozenset), _Teller._set),
    ((dict,), _Teller._dict),
    ((MappingProxyType,), _Teller._proxied),
    ((SimpleNamespace,), _Teller._attributes),
    ((asyncio.Future,), _Teller._future),
    ((asyncio.Queue,), _Teller._queue),
    ((MethodType,), _Teller._method),
    ((weakref.ReferenceType,), _Teller._reference),
)
# By the types' ids: a type may have a metaclass of the learner's, with a `__hash__` in it.
_TELLS = {id(kind): tell for kinds, tell in (*_TELLERS, (_LEAVES, _Teller._repr)) for kind in kinds}
_TELLS[id(datetime)] = _Teller._moment


def _teller_of(kind: type) -> Any:
    """How to tell an object of this type, which is none of Python's most common."""
    shape = _found(kind, "__repr__")
    if shape is object.__repr__:  # it asks nothing but the type's name
        return _Teller._repr
    learners = _is_learners(shape)
    if issubclass(kind, type):
        return _Teller._class
    if _is_a(Enum, kind):
        return _Teller._enum
    if learners and type(_found(kind, "__dataclass_fields__")) is dict:
        return _Teller._fields
    if issubclass(kind, tuple) and type(_found(kind, "_fields")) is tuple:
        return _Teller._named_tuple
    if issubclass(kind, BaseException):
        return _Teller._exception
    if learners and issubclass(kind, str | bytes | bytearray):
        return _Teller._attributes  # it may be there to keep what it holds to itself
    for kinds, tell in _TELLERS:
        if issubclass(kind, kinds):
            return tell
    if _is_a(UserDict, kind) or _is_a(UserList, kind):
        return _Teller._data
    return _Teller._attributes if learners else _Teller._library_repr


_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_namespace: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
_is_a: Callable[[type, type], bool] = type.__subclasscheck__
"""`_is_a(base, kind)`: `issubclass` for a base with a metaclass that would have a say in it."""
_type_name: Callable[[type], str] = type.__dict__["__name__"].__get__


def _interrupts(error: BaseException) -> bool:
    return _name(type(error)) == _sdk.INTERRUPTS


def _name(kind: type) -> str:
    return _cut(_type_name(kind))


def _found(kind: type, name: str) -> Any:
    """What stands in a class or its bases under a name, as it stands there, or None."""
    for base in _mro(kind):
        space = _namespace(base)
        if name in space:
            return space[name]
    return None


def _slots(value: Any) -> Iterator[tuple[str, Any]]:
    for base in _mro(type(value))[-2::-1]:  # all but `object`, which has none
        for name, member in _namespace(base).items():
            if type(member) is MemberDescriptorType and type(name) is str and not name.startswith("__"):
                try:
                    yield name, member.__get__(value)
                except (AttributeError, TypeError):  # it has not been set
                    continue


def _own_dict(value: Any) -> dict[Any, Any]:
    """Its `__dict__` by Python's own descriptor: a class may have a property of that name, or answer for it."""
    for base in _mro(type(value)):
        found: Any = _namespace(base).get("__dict__")
        if type(found) is GetSetDescriptorType or type(found) is MemberDescriptorType:
            try:
                return found.__get__(value)  # type: ignore[no-any-return]
            except (AttributeError, TypeError):  # a base made in C keeps it to itself
                continue
    return {}


def _is_learners(shape: Any) -> bool:
    """True if this is a function written outside of libraries, or one of a library's that wraps such a function."""
    for _ in range(10):
        if type(shape) is not FunctionType:
            return False
        if not _is_of_a_library(shape.__code__.co_filename):
            return True
        shape = shape.__dict__.get("__wrapped__")
    return True


@lru_cache(maxsize=2_048)
def _is_of_a_library(file: str) -> bool:
    return file.startswith(_LIBRARIES)


def _hidden_in_repr(text: str) -> str:
    """A `repr` with what stands behind a name that looks secret hidden, and all behind it where its end is in doubt."""
    at = 0
    while found := _IN_REPR.search(text, at):
        value = _WHOLE.match(text, found.end())
        if not value:
            return text[: found.end()] + HIDDEN
        told = value[1] if value[1] in ("None", "True", "False") else HIDDEN
        text, at = text[: found.end()] + told + text[value.end() :], found.end() + len(told)
    return text


def _hides(name: str, value: Any) -> bool:
    """True if the name looks secret and the value could be one: None, True and False tell nothing."""
    return value is not None and type(value) is not bool and _looks_secret(name[:_LIMIT])


@lru_cache(maxsize=2_048)
def _looks_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _key_text(name: Any) -> str:
    if type(name) is not str:
        return safe_text(name)
    text = "".join(c if c.isprintable() else _escaped(c) for c in name[:_LIMIT])
    return text if len(text) < _LIMIT else text[: _LIMIT - 1] + "…"


def _cut(text: str, limit: int = _LIMIT // 2) -> str:
    """The beginning of a text, as a plain `str` also of a subclass, which may have code in it."""
    return str.__getitem__(text, slice(limit))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
