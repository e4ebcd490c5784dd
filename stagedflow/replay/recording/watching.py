"""What a way of watching code reports, and to whom."""

import inspect
import os
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Protocol

from temporalio import workflow

from stagedflow.replay import _sdk
from stagedflow.replay.values.attributes import LIBRARY_FOLDERS

AWAITS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
"""Code that can go on at an await."""
MAY_PAUSE = AWAITS | inspect.CO_GENERATOR
"""Code that can give control back and go on later."""

_ASKS = {
    function.__name__: function.__code__
    for function in (
        workflow.now, workflow.time, workflow.time_ns, workflow.random, workflow.new_random, workflow.uuid4,
        workflow.uuid7, workflow.patched, workflow.deprecate_patch,
    )
}  # fmt: skip
_FOREIGN = ("<", *LIBRARY_FOLDERS, str(Path(__file__).parents[2]) + os.sep)


def is_foreign(code: CodeType) -> bool:
    """True for code of the SDK, the standard library, installed packages and this package."""
    return code.co_filename.startswith(_FOREIGN) or code.co_filename == _sdk.SANDBOX_FILE


def is_watched(code: CodeType) -> bool:
    """True for the SDK's functions of which each call is looked at."""
    return code.co_name in _sdk.WATCHED


def is_asked(code: CodeType) -> bool:
    """True for the functions by which workflow code asks Temporal for something."""
    return _ASKS.get(code.co_name) is code


class Watcher(Protocol):
    """Is told what the code of one activation does.

    Attributes:
        cut: True once there was too much to watch: nothing more need be reported until the next activation.
    """

    cut: bool

    def wants(self, code: CodeType) -> bool:
        """True if lines of this code are the learner's."""

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
