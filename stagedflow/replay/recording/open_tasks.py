"""The tasks of one workflow instance that have not ended, in the order of their start."""

import asyncio
import inspect
from collections.abc import Callable, Iterable
from itertools import chain
from traceback import walk_tb
from types import CodeType, CoroutineType
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.recording.line_tracer import Site

Task = asyncio.Task[Any]


class OpenTasks:
    """Kept from activation to activation: to look for them among all tasks of the process would cost more each time.

    Attributes:
        handlers: `run`, and each signal's and update's handler. Dicts, as a set has no order.
        tasks: Those that the learner's code started, and those in which asyncio wrapped something for it.
        handles: The SDK's: each stands for an activity, a child workflow or a Nexus operation.
    """

    def __init__(self) -> None:
        self.handlers: dict[Task, None] = {}
        self.tasks: dict[Task, None] = {}
        self.handles: dict[Task, None] = {}
        self._ended: list[Task] = []

    def update(self, started: Iterable[tuple[Task, str | None]], unseen: Iterable[Task] = ()) -> None:
        """Take in what an activation has started, and let go of what has ended.

        Args:
            started: Tasks with the names that the SDK gave them.
            unseen: Tasks that may be known or not.
        """
        for task, name in started:
            self._kind(name or "")[task] = None
        new = {t for t in unseen if not any(t in kind for kind in (self.handlers, self.tasks, self.handles))}
        for task in sorted(new, key=lambda t: t.get_name()):
            self._kind(task.get_name())[task] = None
        kinds = (self.handlers, self.tasks, self.handles)
        self._ended = [task for kind in kinds for task in kind if task.done()]
        for task in self._ended:
            for kind in kinds:
                kind.pop(task, None)

    def place(self, task: Task) -> int:
        """Its place among those that are open, in the order of their start; one that is not known comes last."""
        kinds = (self.tasks, self.handles, self.handlers)
        return next((n for n, known in enumerate(chain(*kinds)) if known is task), sum(map(len, kinds)))

    def unstarted(self) -> "list[CoroutineType[Any, Any, Any]]":
        """The coroutines that stand inside those of handlers that have not begun, such as after a failure before."""
        inside: list[Any] = []
        for coroutine in (task.get_coro() for task in self.handlers):
            if inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                inside += inspect.getcoroutinelocals(coroutine).values()
        return [value for value in inside if inspect.iscoroutine(value)]

    def interrupted(self, wants: Callable[[CodeType], bool]) -> Site | None:
        """Where the SDK's deadlock detector has stopped a task in this activation: the innermost line of wanted code.

        None if it has stopped none there.
        """
        for task in self._ended:
            error = None if task.cancelled() else task.exception()
            if error is not None and type(error).__name__ == _sdk.INTERRUPTS:
                stack = [(f.f_code.co_filename, n) for f, n in walk_tb(error.__traceback__) if wants(f.f_code)]
                return stack[-1] if stack else None
        return None

    def _kind(self, name: str) -> dict[Task, None]:
        if name.startswith(_sdk.HANDLES):
            return self.handles
        return self.handlers if name.startswith(_sdk.TASK_NAMES) else self.tasks
