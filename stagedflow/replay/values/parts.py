"""A value's words, collected part by part until there is no more room."""

import re
from collections.abc import Callable, Iterable
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from itertools import islice
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.values.attributes import (
    type_name,
)
from stagedflow.replay.values.secret_names import HIDDEN, hides

LIMIT = 200

ITEMS = 10

DEPTH = 5


SORTED = 1_000
"""A larger set is only counted: its order differs from process to process, and to sort it would take long."""

LONG = 512
"""Bits of an integer above which its digits are counted rather than told: they cost time with their square."""

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

PAUSES = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR


class Parts:
    """The parts of one value's text.

    Args:
        inside: The ids of the values that this one stands in.
        largest_set: A set with more items is only counted.
    """

    def __init__(self, inside: set[int] | None = None, largest_set: int = SORTED) -> None:
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
            text = "".join(c if c.isprintable() else escaped(c) for c in text[: LIMIT + 1])
        return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._room -= len(text)

    def _all(self, start: str, items: Iterable[Any], count: int, end: str, tell: Callable[[Any], None]) -> None:
        self._add(start)
        for place, item in enumerate(islice(items, ITEMS)):
            if self._room <= 0:
                return
            if place:
                self._add(", ")
            tell(item)
        if count > ITEMS:
            self._add(f", … {count - ITEMS:,} more")
        self._add(end)

    def _hidden_or_value(self, name: str, value: Any) -> None:
        self._add(HIDDEN) if hides(name, value) else self._value(value)

    def _value(self, value: Any) -> None:
        """Add any value; what kind it is, a subclass finds out."""
        raise NotImplementedError

    def _key(self, name: Any) -> str:
        """A key or an attribute's name as text; it need not be a string."""
        raise NotImplementedError


def interrupts(error: BaseException) -> bool:
    """True if it is the SDK's interrupt of a workflow task that takes too long."""
    return name_of(type(error)) == _sdk.INTERRUPTS


def name_of(kind: type) -> str:
    """A type's name, cut short if it is long."""
    return cut(type_name(kind))


def cut(text: str, limit: int = LIMIT // 2) -> str:
    """The beginning of a text, as a plain `str` also of a subclass, which may have code in it."""
    return str.__getitem__(text, slice(limit))


def escaped(character: str) -> str:
    """A character that is not printable, as its escape."""
    return character.encode("unicode_escape").decode("ascii")
