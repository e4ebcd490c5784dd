"""Tells one value of a workflow in words, part by part, and runs no line of the learner's code for it."""

import asyncio
import re
import sys
import weakref
from array import array
from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from gc import get_referents
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from itertools import chain, islice
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from types import (
    BuiltinFunctionType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    SimpleNamespace,
)
from typing import Any
from uuid import UUID

from stagedflow.replay import _sdk
from stagedflow.replay.values.attributes import (
    found_in,
    is_a,
    is_learners,
    is_of_a_library,
    own_dict,
    slots_of,
    type_name,
)
from stagedflow.replay.values.secret_names import HIDDEN, hidden_in_repr, hides

LIMIT = 200

_ITEMS = 10

_DEPTH = 5


_SORTED = 1_000
"""A larger set is only counted: its order differs from process to process, and to sort it would take long."""

_LONG = 512
"""Bits of an integer above which its digits are counted rather than told: they cost time with their square."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

_PAUSES = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR


class _Refused(BaseException):
    """A library's `repr` was about to run code of the learner's."""


class Teller:
    """Tells one value, in parts, until there is no more room."""

    def __init__(self, inside: set[int] | None = None, largest_set: int = _SORTED) -> None:
        self._parts: list[str] = []
        self._room = LIMIT + 1
        self._inside: set[int] = set() if inside is None else inside
        self._largest_set = largest_set
        self._guards = self._refused = False

    def tell(self, value: Any) -> str:
        """The value's text: printable, and at most 200 characters."""
        self._value(value)
        text = "".join(self._parts)
        if not text.isprintable():
            text = "".join(c if c.isprintable() else _escaped(c) for c in text[: LIMIT + 1])
        return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._room -= len(text)

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
            if inside < _DEPTH or tell in _FLAT:
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
            self._parts[parts:] = [f"<{_name(type(value))}: its repr raised {_name(type(error))}>"]

    def _repr(self, value: Any) -> None:
        """Its own `repr`, which runs nothing but its own code."""
        self._told(repr(value))

    def _told(self, text: str) -> None:
        self._add(hidden_in_repr(_ADDRESS.sub("", _cut(text, 4 * LIMIT))))

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
        if self._guards and not cleans_up and not is_of_a_library(code.co_filename):
            self._refused = True
            raise _Refused

    def _attributes(self, value: Any) -> None:
        slots, own = list(slots_of(value)), own_dict(value)
        items = chain(slots, dict.items(own))
        self._all(f"{_name(type(value))}(", items, len(slots) + dict.__len__(own), ")", self._attribute)

    def _attribute(self, pair: tuple[Any, Any]) -> None:
        name = pair[0] if type(pair[0]) is str else key_text(pair[0])
        self._add(f"{name[:LIMIT]}=")
        self._hidden_or_value(name, pair[1])

    def _fields(self, value: Any) -> None:
        """A dataclass, by the fields that its `repr` is meant to show."""
        kind = type(value)
        known: Any = SimpleNamespace(__dataclass_fields__=found_in(kind, "__dataclass_fields__"))
        held = dict(slots_of(value)) | own_dict(value) if found_in(kind, "__slots__") else own_dict(value)
        named = [(f.name, dict.get(held, f.name, f.default)) for f in fields(known) if f.repr is True]
        shown = [pair for pair in named if pair[1] is not MISSING]
        self._all(f"{_name(type(value))}(", shown, len(shown), ")", self._attribute)

    def _named_tuple(self, value: Any) -> None:
        pairs = zip(found_in(type(value), "_fields"), tuple.__iter__(value), strict=False)
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
        head: Any = base.__getitem__(value, slice(LIMIT))
        told = repr(bytes(head) if base is bytearray else head)
        self._add(told if length <= LIMIT else f"({length:,} long) {told}")

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
            texts = sorted(Teller(self._inside, self._largest_set // 30).tell(i) for i in items)
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
        self._add(HIDDEN) if hides(name, value) else self._value(value)

    def _proxied(self, value: Any) -> None:
        self._add("mappingproxy(")
        self._value(get_referents(value)[0])
        self._add(")")

    def _data(self, value: Any) -> None:
        self._add(f"{_name(type(value))}(")
        self._value(dict.__getitem__(own_dict(value), "data"))
        self._add(")")

    def _queue(self, value: Any) -> None:
        """Its `repr` tells all that is in it, however much."""
        own = own_dict(value)
        self._add(f"<{_name(type(value))} of ")
        self._value(dict.__getitem__(own, "_queue"))
        self._add(", ")
        self._value(dict.__getitem__(own, "_unfinished_tasks"))
        self._add(" unfinished>")

    def _enum(self, value: Any) -> None:
        own = own_dict(value)
        known = dict.__getitem__(own, "_name_")
        name = "" if known is None else key_text(known)  # a combination of flags may have none
        self._add(f"<{_name(type(value))}{'.' if name else ''}{name}: ")
        self._hidden_or_value(name, dict.__getitem__(own, "_value_"))
        self._add(">")

    def _exception(self, value: Any) -> None:
        arguments = BaseException.args.__get__(value)  # type: ignore[attr-defined]
        parts = len(self._parts)
        self._all(f"{_name(type(value))}(", arguments, len(arguments), ")", self._value)
        self._parts[parts:] = [hidden_in_repr("".join(self._parts[parts:]))]

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
    Teller._number, Teller._string, Teller._repr, Teller._library_repr, Teller._moment, Teller._future,
    Teller._class, Teller._method, Teller._reference,
)  # fmt: skip

_TELLERS: tuple[tuple[tuple[type, ...], Any], ...] = (
    ((int, float), Teller._number),
    ((str, bytes, bytearray), Teller._string),
    (_SEQUENCES, Teller._sequence),
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


def interrupts(error: BaseException) -> bool:
    """True if it is the SDK's interrupt of a workflow task that takes too long."""
    return _name(type(error)) == _sdk.INTERRUPTS


def _name(kind: type) -> str:
    return _cut(type_name(kind))


def key_text(name: Any) -> str:
    """A key or an attribute's name as text; it need not be a string."""
    if type(name) is not str:
        return safe_text(name)
    text = "".join(c if c.isprintable() else _escaped(c) for c in name[:LIMIT])
    return text if len(text) < LIMIT else text[: LIMIT - 1] + "…"


def _cut(text: str, limit: int = LIMIT // 2) -> str:
    """The beginning of a text, as a plain `str` also of a subclass, which may have code in it."""
    return str.__getitem__(text, slice(limit))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
