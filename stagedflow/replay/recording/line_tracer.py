"""Which lines of the learner's code run, in order, and which of them makes a command: by Python's own trace hook."""

import asyncio
import dis
import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

from temporalio import workflow

from stagedflow.replay import _sdk
from stagedflow.replay.trace import SideEffect
from stagedflow.replay.values.attributes import LIBRARY_FOLDERS
from stagedflow.replay.values.safe_text import safe_text

Site = tuple[str, int]
"""A place in the source: `(file, line)`."""


@dataclass(frozen=True)
class Maker:
    """What may have made a command.

    Attributes:
        line: The learner's line on the stack, which called for it.
        born: Without one, the line that started the task which called for it.
        cancelled: The line that cancelled that task.
        left: The line by which the last function of the learner's was left: its `return`, or what raised.
    """

    line: Site | None
    born: Site | None = None
    cancelled: Site | None = None
    left: Site | None = None


MAX_LINES = 5_000
"""Lines kept of one activation."""
MAX_CALLS = 100_000
"""Calls looked at in one activation, those inside libraries included.

After either, tracing ends until the next activation: code that computes for long must not take much longer for being
watched, or the SDK would call it a deadlock.
"""

MAX_SIDE_EFFECTS = 100
"""Side effects kept of one activation."""

_ASKS = {
    function.__name__: function.__code__
    for function in (
        workflow.now, workflow.time, workflow.time_ns, workflow.random, workflow.new_random, workflow.uuid4,
        workflow.uuid7, workflow.patched, workflow.deprecate_patch,
    )
}  # fmt: skip
_OWN_PACKAGE = str(Path(__file__).parents[2]) + os.sep
_AWAITS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
_MAY_PAUSE = _AWAITS | inspect.CO_GENERATOR


class LineTracer:
    """Collects the lines executed in the workflow's file and the learner's own modules.

    A coroutine that goes on after an await tells Python's trace hook no line until its next one. The line of that await
    is counted all the same, once the coroutine has really gone on: it is where the result arrives.

    Args:
        workflow_file: Always traced, wherever it is installed. The SDK, the standard library, installed packages and
            this package are not.

    Attributes:
        taken: `(file, line)` in the order executed, since the tracer was entered last.
        makers: What made each command added since then, in order.
        started: The tasks started since then, with the names that the SDK gave them; None for the learner's.
        born: The line that started each of the workflow's tasks.
        cut: True if there was too much to trace: what ran later is not in here.
        side_effects: What the code asked Temporal for, such as the time, with the answers.
        interrupted: The line at which the SDK's deadlock detector has stopped the code, or None.
    """

    def __init__(self, workflow_file: str) -> None:
        self.taken: list[Site] = []
        self.makers: list[Maker] = []
        self.started: list[tuple[asyncio.Task[Any], str | None]] = []
        self.born: WeakKeyDictionary[asyncio.Task[Any], Site | None] = WeakKeyDictionary()
        self.side_effects: list[SideEffect] = []
        self.interrupted: Site | None = None
        self.cut = False
        self._calls = 0
        self._wanted: dict[str, bool] = {workflow_file: True}
        self._sites: dict[Site, Site] = {}
        self._cancelled: WeakKeyDictionary[asyncio.Task[Any], Site | None] = WeakKeyDictionary()
        self._resumed: Site | None = None
        self._left: Site | None = None
        self._previous: Any = None

    def wants(self, code: CodeType) -> bool:
        """True if lines of this code are the learner's."""
        file = code.co_filename
        wanted = self._wanted.get(file)
        if wanted is None:
            foreign = file.startswith(("<", *LIBRARY_FOLDERS, _OWN_PACKAGE)) or file == _sdk.SANDBOX_FILE
            wanted = self._wanted[file] = not foreign
        return wanted

    def site(self, frame: FrameType | None) -> Site | None:
        """The innermost line of the learner's on the stack of `frame`."""
        while frame is not None:
            if self.wants(frame.f_code):
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back
        return None

    def __enter__(self) -> None:
        self.side_effects, self.started, self.cut, self._calls = [], [], False, 0
        self.taken, self.makers, self._resumed, self._left, self.interrupted = [], [], None, None, None
        self._previous = sys.gettrace()
        sys.settrace(self._on_call)

    def __exit__(self, *_: object) -> None:
        if sys.gettrace() is None and self.taken and not self.cut:
            # Python drops a trace hook in which an exception comes: the interrupt came while the hook itself ran.
            self.interrupted = self.interrupted or self.taken[-1]
        sys.settrace(self._previous)

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        # Python calls this for every call that the SDK makes, too: what is not looked for must cost next to nothing.
        code = frame.f_code
        self._calls += 1
        if self._calls > MAX_CALLS:
            return self._end(frame)
        if self.wants(code):
            frame.f_trace_lines = True
            if code.co_flags & _AWAITS and frame.f_lineno != code.co_firstlineno:
                self._resumed = code.co_filename, frame.f_lineno
            return self._on_line
        if code.co_name in _sdk.WATCHED:
            self._watch(code.co_name, frame)
        elif _ASKS.get(code.co_name) is code and frame.f_back and self.wants(frame.f_back.f_code):
            return self._on_answer
        return None

    def _watch(self, name: str, frame: FrameType) -> None:
        if name == _sdk.ADDS_COMMAND:
            self.makers.append(self._maker(frame))
        elif name == _sdk.REGISTERS_TASK and "task" in frame.f_locals:
            maker, task = self._maker(frame), frame.f_locals["task"]
            self.born[task] = maker.line or maker.born
            self.started.append((task, frame.f_locals.get("name")))
        elif name == _sdk.CANCELS and isinstance(frame.f_locals.get("self"), asyncio.Task):
            self._cancelled[frame.f_locals["self"]] = self.site(frame.f_back)

    def _on_answer(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return" and len(self.side_effects) < MAX_SIDE_EFFECTS and frame.f_back:
            name = frame.f_code.co_name
            asked = safe_text(frame.f_locals["id"]) if "id" in frame.f_locals else ""
            answer = "" if name in ("random", "new_random", "deprecate_patch") else f" = {safe_text(arg)}"
            file, line = frame.f_back.f_code.co_filename, frame.f_back.f_lineno
            self.side_effects.append(SideEffect(name, f"workflow.{name}({asked}){answer}", line, file))
        return self._on_answer

    def _maker(self, frame: FrameType) -> Maker:
        if line := self.site(frame.f_back):
            return Maker(line)
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop runs: the SDK itself starts a task
            task = None
        if task is None:
            return Maker(None, left=self._left)
        return Maker(None, self.born.get(task), self._cancelled.get(task), self._left)

    def _on_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "exception" and arg[0] is GeneratorExit:
            # Python throws away a coroutine that nobody holds any more, perhaps another workflow's: it does not go on.
            self._resumed = None
            frame.f_trace_lines = False
            return None
        if self._resumed:
            # The outermost coroutine resumes first, and each resumes the next: only the innermost has gone on, and
            # only if it does not pause again at once.
            if event != "return" or not _pauses(frame):
                self.taken.append(self._resumed)
            self._resumed = None
        if event == "line":
            site = frame.f_code.co_filename, frame.f_lineno
            self.taken.append(self._sites.setdefault(site, site))  # one object a line: a trace holds it often
            if len(self.taken) >= MAX_LINES:
                return self._end(frame)
        elif event == "return":
            if not _pauses(frame):
                self._left = frame.f_code.co_filename, frame.f_lineno
        elif event == "exception" and arg[0].__name__ == _sdk.INTERRUPTS and self.interrupted is None:
            self.interrupted = frame.f_code.co_filename, frame.f_lineno
        return self._on_line

    def _end(self, frame: FrameType | None) -> None:
        """Stop tracing for the rest of the activation, in every frame on the stack."""
        self.cut = True
        sys.settrace(None)
        while frame is not None:
            frame.f_trace = None
            frame = frame.f_back


def _pauses(frame: FrameType) -> bool:
    """True if this frame, which gives control back, will go on later."""
    code = frame.f_code
    if not code.co_flags & _MAY_PAUSE:
        return False
    instruction = dis.opname[code.co_code[frame.f_lasti]]
    return "YIELD" in instruction or instruction == "RESUME"  # from Python 3.13 on it stands behind the yield already
