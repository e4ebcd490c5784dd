"""What a way of watching code reports, and to whom."""

import inspect
from types import CodeType, FrameType
from typing import Any, Protocol

AWAITS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
"""Code that can go on at an await."""
MAY_PAUSE = AWAITS | inspect.CO_GENERATOR
"""Code that can give control back and go on later."""


class Watcher(Protocol):
    """Is told what the code of one activation does.

    Attributes:
        cut: True once there was too much to watch: nothing more need be reported until the next activation.
    """

    cut: bool

    def wants(self, code: CodeType) -> bool:
        """True if lines of this code are the learner's."""

    def is_watched(self, code: CodeType) -> bool:
        """True for code whose calls are told by `watch`."""

    def is_asked(self, code: CodeType) -> bool:
        """True for code whose answers are told by `answered`."""

    def entered(self, frame: FrameType) -> None:
        """Wanted code begins or goes on."""

    def line(self, frame: FrameType) -> None:
        """Wanted code comes to its frame's line."""

    def left(self, frame: FrameType, *, pauses: bool) -> None:
        """Wanted code gives control back; `pauses`: it may go on later."""

    def raised(self, frame: FrameType, kind: type) -> None:
        """An exception comes in wanted code, or goes through it."""

    def watch(self, frame: FrameType) -> None:
        """Watched code is called."""

    def answered(self, frame: FrameType, answer: Any) -> None:
        """Code that was asked gives its answer."""


class Way(Protocol):
    """A way of watching the current thread."""

    def begin(self, watcher: Watcher) -> None:
        """Report to this watcher from now on."""

    def end(self) -> bool:
        """Stop; False if watching had ended before, by an exception."""
