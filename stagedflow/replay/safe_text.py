"""Values of a workflow as bounded, deterministic text: whatever they are, and whatever their `repr` does.

It is asked for every attribute at every activation, so it looks at no more of a value than it shows. One thing it
cannot do is to stop a `repr` of the learner's own that runs for long: the SDK's deadlock detector does.
"""

import asyncio
import re
from array import array
from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterable, Mapping, MappingView
from functools import lru_cache
from itertools import islice
from types import FunctionType, MappingProxyType, SimpleNamespace
from typing import Any

HIDDEN = "•••• (hidden: the name looks secret)"

_LIMIT = 200
_ITEMS = 10
_DEPTH = 5
_NAMES = 50
_SORTED = 1_000
"""A larger set is only counted: its order differs from process to process, and to sort it would take long."""
_LONG = 512
"""Bits of an integer above which its digits are counted rather than told: they cost time with their square."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SECRET_WORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|credential|authori[sz]ation|bearer|cookie"
    r"|(?:api|access|private|encryption|signing|session)[ _-]?key"
)
_SECRET = re.compile(_SECRET_WORDS, re.IGNORECASE)
_SECRET_IN_REPR = re.compile(
    rf"""(\w*(?:{_SECRET_WORDS})\w*['"]?\s*[=:]\s*)('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[^\s,)\]}}>]+)""",
    re.IGNORECASE,
)


def safe_text(value: Any) -> str:
    """At most 200 characters that say what `value` is: printable, without memory addresses, the same every time.

    An error in a `repr` is told, not raised. What stands under a name that looks secret (as a key, or as a field of a
    dataclass) is hidden.
    """
    text = _short(value)
    return _Teller().tell(value) if text is None else text


def without_secrets(text: str) -> str:
    """A text such as JSON or a `repr`, with what stands behind a name that looks secret hidden."""
    return _SECRET_IN_REPR.sub(rf"\1{HIDDEN}", text)


def safe_names(values: Mapping[str, Any]) -> dict[str, str]:
    """`safe_text` of each value, under its name, at most 50 of them, in the order of the names."""
    try:
        names = sorted(values)[:_NAMES]
    except TypeError:  # a `__dict__` may hold more than names
        names = sorted(values, key=_key_text)[:_NAMES]
    return {
        name if type(name) is str and len(name) <= _LIMIT and name.isprintable() else _key_text(name): (
            HIDDEN if _hides(name, values[name]) else safe_text(values[name])
        )
        for name in names
    }


class _Teller:
    """Tells one value, in parts, until there is no more room."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = _LIMIT + 1
        self._inside: set[int] = set()

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
        try:
            tell = _TELLS.get(type(value)) or _teller_of(value)
        except BaseException as error:
            self._add(_rude(value, error))
            return
        if tell in _FLAT:
            tell(self, value)
        elif id(value) in self._inside:
            self._add("...")
        elif len(self._inside) >= _DEPTH:
            self._add("…")
        else:
            self._inside.add(id(value))
            tell(self, value)
            self._inside.discard(id(value))

    def _own_repr(self, value: Any) -> None:
        try:
            text = repr(value)[: 4 * _LIMIT]
        except BaseException as error:  # whatever it is, a workflow task must not fail by being looked at
            self._add(_rude(value, error))
            return
        self._add(without_secrets(_ADDRESS.sub("", text)))

    def _number(self, value: int) -> None:
        if value.bit_length() <= _LONG:
            self._add(int.__repr__(value))
        else:
            self._add(f"<int of about {int(value.bit_length() * 0.30103) + 1:,} digits>")

    def _string(self, value: Any) -> None:
        base = bytes if isinstance(value, bytes | bytearray) else str
        length = len(value)
        head = base(value[:_LIMIT]) if length > _LIMIT else base(value)
        self._add(repr(head) if length <= _LIMIT else f"({length:,} long) {head!r}")

    def _sequence(self, value: Any) -> None:
        start, end = _BRACKETS.get(type(value), ("[", "]"))
        if type(value) not in _BRACKETS:
            start, end = f"{type(value).__name__}([", "])"
        if type(value) is tuple and len(value) == 1:
            end = ",)"
        self._all(start, _items(value), len(value), end, self._value)

    def _set(self, value: Any) -> None:
        name, count = type(value).__name__, len(value)
        if not 0 < count <= _SORTED:
            self._add(f"<{name} of {count:,}>" if count else f"{name}()")
            return
        items = list(_items(value))
        if all(type(i) in (int, float) for i in items):
            texts = [safe_text(i) for i in sorted(items)]
        else:
            texts = sorted(safe_text(i) for i in items)
        start, end = ("{", "}") if type(value) is set else (f"{name}({{", "})")
        self._all(start, texts, count, end, self._add)

    def _dict(self, value: Any) -> None:
        plain = type(value) is dict
        start, end = ("{", "}") if plain else (f"{type(value).__name__}({{", "})")
        pairs = dict.items(value) if isinstance(value, dict) else value.items()
        self._all(start, pairs, len(value), end, self._pair)

    def _pair(self, pair: tuple[Any, Any]) -> None:
        key, value = pair
        self._value(key)
        self._add(": ")
        self._hidden_or_value(key, value)

    def _fields(self, value: Any) -> None:
        names = _field_names(value)
        self._all(f"{type(value).__name__}(", names, len(names), ")", lambda n: self._field(value, n))

    def _field(self, value: Any, name: str) -> None:
        self._add(f"{name}=")
        try:
            held = getattr(value, name)
        except BaseException as error:
            self._add(_rude(value, error))
        else:
            self._hidden_or_value(name, held)

    def _hidden_or_value(self, name: Any, value: Any) -> None:
        self._add(HIDDEN) if _hides(name, value) else self._value(value)

    def _data(self, value: Any) -> None:
        self._add(f"{type(value).__name__}(")
        self._value(value.data)
        self._add(")")

    def _future(self, value: Any) -> None:
        """A task's `repr` holds a number that counts the process's tasks, and the path of a file."""
        name = type(value).__name__
        if isinstance(value, asyncio.Task):
            name = value.get_name().partition(" (workflow: ")[0]
            if name.startswith("Task-"):
                name = f"Task of {getattr(value.get_coro(), '__qualname__', 'a coroutine')}"
        self._add(f"<{name}, {'cancelled' if value.cancelled() else 'done' if value.done() else 'pending'}>")

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


_FLAT = (_Teller._number, _Teller._string, _Teller._own_repr, _Teller._future)
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")")}
_TELLERS: tuple[tuple[tuple[type, ...], Any], ...] = (
    ((int,), _Teller._number),
    ((str, bytes, bytearray), _Teller._string),
    ((list, tuple, deque, array, MappingView), _Teller._sequence),
    ((set, frozenset), _Teller._set),
    ((dict, MappingProxyType), _Teller._dict),
    ((UserDict, UserList), _Teller._data),
    ((SimpleNamespace,), _Teller._fields),
    ((asyncio.Future,), _Teller._future),
)
_TELLS = {kind: tell for kinds, tell in _TELLERS for kind in kinds if kind.__module__ == "builtins"}


def _teller_of(value: Any) -> Any:
    """How to tell it: where a `repr` would look at all of a large value, without it."""
    kind = type(value)
    shape = kind.__repr__
    if not isinstance(shape, FunctionType):  # made in C: it is Python's own, and nobody's wish
        return next((tell for kinds, tell in _TELLERS if isinstance(value, kinds)), _Teller._own_repr)
    generated = getattr(getattr(shape, "__wrapped__", None), "__code__", None)
    if hasattr(kind, "__dataclass_fields__") and generated is not None and generated.co_filename == "<string>":
        return _Teller._fields
    if isinstance(value, tuple) and hasattr(kind, "_fields") and shape.__module__ in ("collections", kind.__module__):
        return _Teller._fields
    if shape in (UserDict.__repr__, UserList.__repr__):
        return _Teller._data
    return _Teller._sequence if isinstance(value, MappingView) else _Teller._own_repr


def _items(value: Any) -> Iterable[Any]:
    """The items by the built-in type's own way: a subclass may have another, with code in it."""
    bases: tuple[Any, ...] = (list, tuple, set, frozenset, deque, array)
    base = next((base for base in bases if isinstance(value, base)), None)
    items: Iterable[Any] = base.__iter__(value) if base else value
    return items


def _field_names(value: Any) -> list[str]:
    if isinstance(value, SimpleNamespace):
        return [str(name) for name in vars(value)]
    if isinstance(value, tuple):
        return [str(name) for name in type(value)._fields]  # type: ignore[attr-defined]
    return [f.name for f in type(value).__dataclass_fields__.values() if f.repr]


def _hides(name: Any, value: Any) -> bool:
    """True if the name looks secret and the value could be one: None, True and False tell nothing."""
    return isinstance(name, str) and value is not None and type(value) is not bool and _looks_secret(name[:100])


@lru_cache(maxsize=2_048)
def _looks_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _key_text(name: Any) -> str:
    if type(name) is not str:
        return safe_text(name)
    text = "".join(c if c.isprintable() else _escaped(c) for c in name[:_LIMIT])
    return text if len(text) < _LIMIT else text[: _LIMIT - 1] + "…"


def _rude(value: Any, error: BaseException) -> str:
    return f"<{type(value).__name__}: its repr raised {type(error).__name__}>"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
