"""Which lines of the learner's code run, in order, and which of them makes a command."""

import asyncio
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

from stagedflow.replay import _sdk
from stagedflow.replay.recording import by_monitoring
from stagedflow.replay.recording.by_hook import Hook
from stagedflow.replay.recording.cancelling import Cancelling
from stagedflow.replay.recording.watching import AWAITS, Way, is_foreign
from stagedflow.replay.trace import SideEffect
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
"""Lines kept of one activation; after these, watching ends until the next one."""
MAX_SIDE_EFFECTS = 100
"""Side effects kept of one activation."""


def way_of_watching(workflow_file: str) -> Way:
    """The one place that chooses: `sys.monitoring` where it can be had, else the trace hook."""
    return by_monitoring.Monitoring(workflow_file) if by_monitoring.available() else Hook()


class LineTracer:
    """Collects the lines executed in the workflow's file and the learner's own modules.

    A coroutine that goes on after an await reports no line until its next one. The line of that await
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
        self._wanted: dict[str, bool] = {workflow_file: True}
        self._sites: dict[Site, Site] = {}
        self._cancelling = Cancelling()
        self._resumed: Site | None = None
        self._left: Site | None = None
        self._way = way_of_watching(workflow_file)

    def wants(self, code: CodeType) -> bool:
        """True if lines of this code are the learner's."""
        wanted = self._wanted.get(code.co_filename)
        if wanted is None:
            wanted = self._wanted[code.co_filename] = not is_foreign(code)
        return wanted

    def site(self, frame: FrameType | None) -> Site | None:
        """The innermost line of the learner's on the stack of `frame`."""
        while frame is not None:
            if self.wants(frame.f_code):
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back
        return None

    def __enter__(self) -> None:
        self.side_effects, self.started, self.cut = [], [], False
        self.taken, self.makers, self._resumed, self._left, self.interrupted = [], [], None, None, None
        self._way.begin(self)

    def __exit__(self, *_: object) -> None:
        self._cancelling.forget()
        if not self._way.end() and self.taken:
            self.interrupted = self.interrupted or self.taken[-1]

    def entered(self, frame: FrameType) -> None:
        """Wanted code begins, or goes on at an await."""
        code = frame.f_code
        if code.co_flags & AWAITS and frame.f_lineno != code.co_firstlineno:
            self._resumed = code.co_filename, frame.f_lineno

    def watch(self, frame: FrameType) -> None:
        """The SDK adds a command, starts a task or cancels one."""
        name = frame.f_code.co_name
        if name == _sdk.ADDS_COMMAND:
            self.makers.append(self._maker(frame))
        elif name == _sdk.REGISTERS_TASK and "task" in frame.f_locals:
            maker, task = self._maker(frame), frame.f_locals["task"]
            self.born[task] = maker.line or maker.born
            self.started.append((task, frame.f_locals.get("name")))
        elif name == _sdk.CANCELS and isinstance(frame.f_locals.get("self"), asyncio.Task):
            self._cancelling.by[frame.f_locals["self"]] = self.site(frame.f_back)

    def answered(self, frame: FrameType, answer: Any) -> None:
        """Temporal's answer to the learner's line that called."""
        if len(self.side_effects) >= MAX_SIDE_EFFECTS or not frame.f_back:
            return
        name = frame.f_code.co_name
        asked = safe_text(frame.f_locals["id"]) if "id" in frame.f_locals else ""
        told = "" if name in ("random", "new_random", "deprecate_patch") else f" = {safe_text(answer)}"
        file, line = frame.f_back.f_code.co_filename, frame.f_back.f_lineno
        self.side_effects.append(SideEffect(name, f"workflow.{name}({asked}){told}", line, file))

    def _maker(self, frame: FrameType) -> Maker:
        if line := self.site(frame.f_back):
            return Maker(line)
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop runs: the SDK itself starts a task
            task = None
        if task is None:
            return Maker(None, cancelled=self._cancelling.at(frame.f_back), left=self._left)
        return Maker(None, self.born.get(task), self._cancelling.by.get(task), self._left)

    def line(self, frame: FrameType) -> None:
        """Wanted code comes to its frame's line."""
        self._go_on()
        self._cancelling.after()
        self._cancelling.before(frame, self.born)
        site = frame.f_code.co_filename, frame.f_lineno
        self.taken.append(self._sites.setdefault(site, site))  # one object a line: a trace holds it often
        self.cut = len(self.taken) >= MAX_LINES

    def left(self, frame: FrameType, *, pauses: bool) -> None:
        """Wanted code gives control back."""
        self._cancelling.after()
        if pauses:
            self._resumed = None
        else:
            self._go_on()
            self._left = frame.f_code.co_filename, frame.f_lineno

    def raised(self, frame: FrameType, kind: type) -> None:
        """An exception comes in wanted code, or goes through it."""
        if kind is GeneratorExit:
            # Python throws away a coroutine that nobody holds any more, perhaps another workflow's: it does not go on.
            self._resumed = None
            return
        self._go_on()
        if kind.__name__ == _sdk.INTERRUPTS and self.interrupted is None:
            self.interrupted = frame.f_code.co_filename, frame.f_lineno

    def _go_on(self) -> None:
        """Count the await at which a coroutine has gone on.

        The outermost coroutine resumes first, and each resumes the next: only the innermost has gone on, and only if it
        does not pause again at once.
        """
        if self._resumed:
            self.taken.append(self._resumed)
            self._resumed = None
