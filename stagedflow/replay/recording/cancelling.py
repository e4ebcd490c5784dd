"""Which line of the learner's has cancelled which task.

A task's own `cancel` is C, so no frame of it is ever seen; what it does is that `Task.cancelling()` counts one more. So
the tasks are looked at before and after each line that names `cancel`.
"""

import asyncio
import dis
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

from stagedflow.replay import _sdk

Task = asyncio.Task[Any]

MANY = 200
"""If more tasks are known, it is not looked for who cancels them: a loop that cancels all would take too long."""


class Cancelling:
    """Looks at the tasks of one workflow instance.

    Attributes:
        by: The `(file, line)` that cancelled it last, for each task that the learner's code has cancelled, and for the
            future that it waited on then: to cancel a task is to cancel that.
    """

    def __init__(self) -> None:
        self.by: WeakKeyDictionary[asyncio.Future[Any], tuple[str, int] | None] = WeakKeyDictionary()
        self._before: list[tuple[Task, int]] = []
        self._line = ("", 0)
        # By its id, as to hash code costs more the longer it is; the code is kept, so that no other gets its id.
        self._known: dict[int, tuple[CodeType, frozenset[int]]] = {}

    def before(self, frame: FrameType, tasks: Iterable[Task]) -> None:
        """The learner's code comes to its frame's line."""
        code = frame.f_code
        if id(code) not in self._known:
            self._known[id(code)] = code, _lines_that_cancel(code)
        if frame.f_lineno in self._known[id(code)][1]:
            known = list(tasks)
            self._line = code.co_filename, frame.f_lineno
            self._before = [(task, task.cancelling()) for task in known] if len(known) <= MANY else []

    def after(self) -> None:
        """That line has ended, or has called other code of the learner's, or gives control back."""
        for task, count in self._before:
            if task.cancelling() > count:
                self.by[task] = self._line
                if isinstance(waited_on := getattr(task, _sdk.WAITS_ON, None), asyncio.Future):
                    self.by[waited_on] = self._line
        self._before = []

    def forget(self) -> None:
        """Nothing more is seen of a line that was not seen to end."""
        self._before = []

    def at(self, frame: FrameType | None) -> tuple[str, int] | None:
        """The line that cancelled the future of which a callback is on this stack."""
        while frame is not None:
            for value in frame.f_locals.values():
                if isinstance(value, asyncio.Future) and value in self.by:
                    return self.by[value]
            frame = frame.f_back
        return None


def _lines_that_cancel(code: CodeType) -> frozenset[int]:
    if "cancel" not in (*code.co_names, *code.co_consts):
        return frozenset()
    named = (i.positions.lineno for i in dis.get_instructions(code) if i.argval == "cancel" and i.positions)
    return frozenset(line for line in named if line)
