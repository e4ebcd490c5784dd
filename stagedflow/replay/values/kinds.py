"""How each kind of value is told: Python's own by what they hold, a library's by its `repr` while nothing else runs."""

import asyncio
import sys
from array import array
from collections import deque
from dataclasses import MISSING, fields
from gc import get_referents
from itertools import chain
from types import (
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    SimpleNamespace,
)
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.values.attributes import (
    found_in,
    is_of_a_library,
    own_dict,
    slots_of,
)
from stagedflow.replay.values.parts import ADDRESS, LIMIT, LONG, PAUSES, Parts, cut, name_of
from stagedflow.replay.values.secret_names import hidden_in_repr

VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))

SEQUENCES: tuple[Any, ...] = (list, tuple, deque, array, *VIEWS)

BRACKETS = {id(list): ("[", "]"), id(tuple): ("(", ")")}


class _Refused(BaseException):
    """A library's `repr` was about to run code of the learner's."""


class Kinds(Parts):
    """Tells a value of a kind that is known already."""

    def _repr(self, value: Any) -> None:
        """Its own `repr`, which runs nothing but its own code."""
        self._told(repr(value))

    def _told(self, text: str) -> None:
        self._add(hidden_in_repr(ADDRESS.sub("", cut(text, 4 * LIMIT))))

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

    def _refuse(self, frame: FrameType, _event: str, _argument: Any) -> None:
        """Python's trace hook: an exception in it comes before the first line of what is called."""
        code = frame.f_code
        # What Python itself cleans up meanwhile is none of the repr's doing.
        cleans_up = code.co_flags & PAUSES or code.co_name == "__del__"
        if self._guards and not cleans_up and not is_of_a_library(code.co_filename):
            self._refused = True
            raise _Refused

    def _moment(self, value: Any) -> None:
        """A `datetime`, whose `repr` holds that of its time zone."""
        zone = value.tzinfo
        if zone is None:
            self._repr(value)
            return
        self._add(f"{value.replace(tzinfo=None)!r}"[:-1] + ", tzinfo=")
        self._value(zone)
        self._add(")")

    def _attributes(self, value: Any) -> None:
        slots, own = list(slots_of(value)), own_dict(value)
        items = chain(slots, dict.items(own))
        self._all(f"{name_of(type(value))}(", items, len(slots) + dict.__len__(own), ")", self._attribute)

    def _attribute(self, pair: tuple[Any, Any]) -> None:
        name = pair[0] if type(pair[0]) is str else self._key(pair[0])
        self._add(f"{name[:LIMIT]}=")
        self._hidden_or_value(name, pair[1])

    def _fields(self, value: Any) -> None:
        """A dataclass, by the fields that its `repr` is meant to show."""
        kind = type(value)
        known: Any = SimpleNamespace(__dataclass_fields__=found_in(kind, "__dataclass_fields__"))
        held = dict(slots_of(value)) | own_dict(value) if found_in(kind, "__slots__") else own_dict(value)
        named = [(f.name, dict.get(held, f.name, f.default)) for f in fields(known) if f.repr is True]
        shown = [pair for pair in named if pair[1] is not MISSING]
        self._all(f"{name_of(type(value))}(", shown, len(shown), ")", self._attribute)

    def _named_tuple(self, value: Any) -> None:
        pairs = zip(found_in(type(value), "_fields"), tuple.__iter__(value), strict=False)
        self._all(f"{name_of(type(value))}(", pairs, tuple.__len__(value), ")", self._attribute)

    def _number(self, value: Any) -> None:
        if issubclass(type(value), float):
            self._add(float.__repr__(value))
        elif (bits := int.bit_length(value)) <= LONG:
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
        base = next(base for base in SEQUENCES if issubclass(kind, base))
        length = base.__len__(value)
        start, end = BRACKETS.get(id(kind)) or (f"{name_of(kind)}([", "])")
        if kind is tuple and length == 1:
            end = ",)"
        self._all(start, base.__iter__(value), length, end, self._value)

    def _set(self, value: Any) -> None:
        base = set if issubclass(type(value), set) else frozenset
        name, count = name_of(type(value)), base.__len__(value)
        if not 0 < count <= self._largest_set:
            self._add(f"<{name} of {count:,}>" if count else f"{name}()")
            return
        items = list(base.__iter__(value))
        if all(type(i) is int or type(i) is float for i in items):
            texts = [type(self)().tell(i) for i in sorted(items)]
        else:
            # Each is told, if only to be sorted: of sets within sets so many less.
            texts = sorted(type(self)(self._inside, self._largest_set // 30).tell(i) for i in items)
        start, end = ("{", "}") if type(value) is set else (f"{name}({{", "})")
        self._all(start, texts, count, end, self._add)

    def _dict(self, value: Any) -> None:
        start, end = ("{", "}") if type(value) is dict else (f"{name_of(type(value))}({{", "})")
        self._all(start, dict.items(value), dict.__len__(value), end, self._pair)

    def _pair(self, pair: tuple[Any, Any]) -> None:
        key, value = pair
        parts = len(self._parts)
        self._value(key)
        name = key if type(key) is str else "".join(self._parts[parts:])
        self._add(": ")
        self._hidden_or_value(name, value)

    def _proxied(self, value: Any) -> None:
        self._add("mappingproxy(")
        self._value(get_referents(value)[0])
        self._add(")")

    def _data(self, value: Any) -> None:
        self._add(f"{name_of(type(value))}(")
        self._value(dict.__getitem__(own_dict(value), "data"))
        self._add(")")

    def _queue(self, value: Any) -> None:
        """Its `repr` tells all that is in it, however much."""
        own = own_dict(value)
        self._add(f"<{name_of(type(value))} of ")
        self._value(dict.__getitem__(own, "_queue"))
        self._add(", ")
        self._value(dict.__getitem__(own, "_unfinished_tasks"))
        self._add(" unfinished>")

    def _enum(self, value: Any) -> None:
        own = own_dict(value)
        known = dict.__getitem__(own, "_name_")
        name = "" if known is None else self._key(known)  # a combination of flags may have none
        self._add(f"<{name_of(type(value))}{'.' if name else ''}{name}: ")
        self._hidden_or_value(name, dict.__getitem__(own, "_value_"))
        self._add(">")

    def _exception(self, value: Any) -> None:
        arguments = BaseException.args.__get__(value)  # type: ignore[attr-defined]
        parts = len(self._parts)
        self._all(f"{name_of(type(value))}(", arguments, len(arguments), ")", self._value)
        self._parts[parts:] = [hidden_in_repr("".join(self._parts[parts:]))]

    def _method(self, value: Any) -> None:
        function = value.__func__
        name = cut(function.__qualname__) if type(function) is FunctionType else name_of(type(function))
        self._add(f"<bound method {name} of {name_of(type(value.__self__))}>")

    def _class(self, value: Any) -> None:
        self._add(type.__repr__(value))

    def _reference(self, value: Any) -> None:
        """A weak reference's `repr` asks what it refers to for a `__name__`."""
        self._add(f"<{name_of(type(value))}>")

    def _future(self, value: Any) -> None:
        """A task's `repr` holds a number that counts the process's tasks, and the path of a file."""
        name = name_of(type(value))
        if issubclass(type(value), asyncio.Task):
            name = cut(asyncio.Task.get_name(value)).partition(_sdk.TASK_SUFFIX)[0]
            if name.startswith("Task-"):
                coroutine: Any = asyncio.Task.get_coro(value)
                known = type(coroutine) is CoroutineType or type(coroutine) is GeneratorType
                name = f"Task of {cut(coroutine.__qualname__) if known else 'a coroutine'}"
        cancelled, done = asyncio.Future.cancelled(value), asyncio.Future.done(value)
        self._add(f"<{name}, {'cancelled' if cancelled else 'done' if done else 'pending'}>")
