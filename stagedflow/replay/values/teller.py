"""Tells one value of a workflow in words, part by part, and runs no line of the learner's code for it."""

import asyncio
import weakref
from collections import UserDict, UserList
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from types import (
    BuiltinFunctionType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    SimpleNamespace,
)
from typing import Any
from uuid import UUID

from stagedflow.replay.values.attributes import (
    found_in,
    is_a,
    is_learners,
)
from stagedflow.replay.values.kinds import SEQUENCES, Kinds
from stagedflow.replay.values.parts import DEPTH, LIMIT, LONG, escaped, interrupts, name_of


class Teller(Kinds):
    """Tells one value, in parts, until there is no more room."""

    def _value(self, value: Any) -> None:
        if (text := short_text(value)) is not None:
            self._add(text)
            return
        if id(value) in self._inside:
            self._add("...")
            return
        parts, room, inside = len(self._parts), self._room, len(self._inside)
        self._inside.add(id(value))
        try:
            tell = _TELLS.get(id(type(value))) or _teller_of(type(value))
            if inside < DEPTH or tell in _FLAT:
                tell(self, value)
            else:
                self._add("…")
        except BaseException as error:  # whatever it is, a workflow task must not fail by being looked at
            if interrupts(error):
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
            if interrupts(another):
                raise
            self._parts[parts:] = [f"<{name_of(type(value))}: its repr raised {name_of(type(error))}>"]

    def _key(self, name: Any) -> str:
        return key_text(name)


def safe_text(value: Any) -> str:
    """At most 200 characters that say what `value` is: printable, without memory addresses, the same every time.

    No code of the learner's is run, and an error is told, not raised. What stands under a name that looks secret (as a
    key, or as an attribute) is hidden.

    Raises:
        BaseException: Only the SDK's interrupt of a workflow task that takes too long. It comes once: were it
            swallowed here, nothing would end the task.
    """
    try:
        text = short_text(value)
        return Teller().tell(value) if text is None else text
    except BaseException as error:  # Python's stack may have no room left
        if interrupts(error):
            raise
        return "<it cannot be told>"


def short_text(value: Any) -> str | None:
    """The text of the values that most are, if they are short."""
    kind = type(value)
    if kind is str:
        text = repr(value) if len(value) < LIMIT // 2 else ""
        return text if 0 < len(text) <= LIMIT else None
    if value is None or kind is bool or kind is float or (kind is int and value.bit_length() <= LONG):
        return repr(value)
    return None


_LEAVES = (
    object, complex, range, date, timedelta, timezone, Decimal, UUID, FunctionType, BuiltinFunctionType, CoroutineType,
    GeneratorType, PosixPath, PurePosixPath, PureWindowsPath, WindowsPath,
)  # fmt: skip

_FLAT = (
    Teller._number, Teller._string, Teller._repr, Teller._library_repr, Teller._moment, Teller._future,
    Teller._class, Teller._method, Teller._reference,
)  # fmt: skip

_TELLERS: tuple[tuple[tuple[type, ...], Any], ...] = (
    ((int, float), Teller._number),
    ((str, bytes, bytearray), Teller._string),
    (SEQUENCES, Teller._sequence),
    ((set, frozenset), Teller._set),
    ((dict,), Teller._dict),
    ((MappingProxyType,), Teller._proxied),
    ((SimpleNamespace,), Teller._attributes),
    ((asyncio.Future,), Teller._future),
    ((asyncio.Queue,), Teller._queue),
    ((MethodType,), Teller._method),
    ((weakref.ReferenceType,), Teller._reference),
)

# By the types' ids: a type may have a metaclass of the learner's, with a `__hash__` in it.
_TELLS = {id(kind): tell for kinds, tell in (*_TELLERS, (_LEAVES, Teller._repr)) for kind in kinds}

_TELLS[id(datetime)] = Teller._moment


def _teller_of(kind: type) -> Any:
    """How to tell an object of this type, which is none of Python's most common."""
    shape = found_in(kind, "__repr__")
    if shape is object.__repr__:  # it asks nothing but the type's name
        return Teller._repr
    learners = is_learners(shape)
    if issubclass(kind, type):
        return Teller._class
    if is_a(Enum, kind):
        return Teller._enum
    if learners and type(found_in(kind, "__dataclass_fields__")) is dict:
        return Teller._fields
    if issubclass(kind, tuple) and type(found_in(kind, "_fields")) is tuple:
        return Teller._named_tuple
    if issubclass(kind, BaseException):
        return Teller._exception
    if learners and issubclass(kind, str | bytes | bytearray):
        return Teller._attributes  # it may be there to keep what it holds to itself
    for kinds, tell in _TELLERS:
        if issubclass(kind, kinds):
            return tell
    if is_a(UserDict, kind) or is_a(UserList, kind):
        return Teller._data
    return Teller._attributes if learners else Teller._library_repr


def key_text(name: Any) -> str:
    """A key or an attribute's name as text; it need not be a string."""
    if type(name) is not str:
        return safe_text(name)
    text = "".join(c if c.isprintable() else escaped(c) for c in name[:LIMIT])
    return text if len(text) < LIMIT else text[: LIMIT - 1] + "…"
