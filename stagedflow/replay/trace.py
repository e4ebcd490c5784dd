"""The record of a workflow's activations: plain frozen data, the same for a live worker and for a saved history."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import count
from typing import Any


@dataclass(frozen=True)
class TraceEvent:
    """One event of the workflow's history.

    Attributes:
        id: Its number, from 1.
        type: Temporal's name, such as "WORKFLOW_TASK_STARTED".
        at: When the server wrote it (seconds since the epoch).
        text: What it is about, in words, such as "advance_stage(1)"; "" if the type says it all.
    """

    id: int
    type: str
    at: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class Job:
    """Something that the server brought to the workflow: a reason to run.

    Attributes:
        kind: The SDK's name of it, such as "signal_workflow".
        text: The same in words, such as "signal advance_stage".
        event_id: The history event that it stands for, or None if it stands for none, or the history is not known.
        key: What it is found by in history, such as a timer's id.
    """

    kind: str
    text: str
    event_id: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Waiting:
    """Where one coroutine of the workflow waits.

    Attributes:
        kind: "condition", "activity", "local activity", "timer", "child start", "child result", "external signal",
            "external cancel", "lock", "tasks" (for several) or "other".
        text: The same in words, such as "activity flash_firmware".
        line: The source line of the await, or None if no line of the learner's awaits it.
        task: Whose coroutine it is: "run", "signal approve", "update rename", "task pack" for one that the code started
            with `pack()`, or "background" for something that was started and that no coroutine awaits yet.
        file: The source file of `line`.
    """

    kind: str
    text: str
    line: int | None = None
    task: str = "run"
    file: str = ""


@dataclass(frozen=True)
class Command:
    """A command that the activation gave back to the server.

    Attributes:
        kind: The SDK's name of it, such as "schedule_activity".
        text: The same in words, such as "schedule activity flash_firmware".
        line: The source line that made it, or None.
        event_id: The history event that it matched, or None if it is not in history (yet), or that is not known.
        key: What it is found by in history, such as a timer's id.
        file: The source file of `line`.
    """

    kind: str
    text: str
    line: int | None = None
    event_id: int | None = None
    key: str = ""
    file: str = ""


@dataclass(frozen=True)
class SideEffect:
    """What the code asked Temporal for, instead of the clock or chance: the answer is the same in every replay.

    Attributes:
        kind: The function's name in `temporalio.workflow`, such as "uuid4" or "patched".
        text: Call and answer, such as "workflow.patched('pay-first') = True".
        line: The source line that asked.
        file: Its source file.
    """

    kind: str
    text: str
    line: int | None = None
    file: str = ""


@dataclass(frozen=True)
class ReplayStep:
    """One activation: the worker brought some events to the workflow, and ran it until it could go no further.

    Attributes:
        index: Place in the trace, from 0.
        is_replaying: True if the commands were already in history ("from history"), False if new ("executed now").
        event_ids: The history events that this activation brought.
        jobs: Those of them that mean something to the workflow.
        lines: `(file, line)` in the order executed; the first may be the await that went on.
        waiting: Where each coroutine waits when the activation has ended.
        commands: What the activation asked the server to do.
        state: The workflow object's attributes, name to bounded text.
        locals: The local variables of `run`, name to bounded text.
        changed: The names in `state` whose text differs from the step before of the same worker, and those that are
            gone. A workflow that starts anew, after a crash or an eviction from the cache, has no step before.
        worker: The process that did it (pid), or None for a replay of a saved history.
        query: True if a query was the activation's only reason: such a step never goes live.
        at: When it ended (seconds since the epoch), or None for a replay of a saved history.
        failure: What went wrong in this activation, in words, or None.
        side_effects: Times, random numbers, ids and patches that it took from Temporal.
        cut: True if it ran for so long that only its beginning was traced: there are more lines than `lines`.
    """

    index: int
    is_replaying: bool
    event_ids: tuple[int, ...] = ()
    jobs: tuple[Job, ...] = ()
    lines: tuple[tuple[str, int], ...] = ()
    waiting: tuple[Waiting, ...] = ()
    commands: tuple[Command, ...] = ()
    state: Mapping[str, str] = field(default_factory=dict)
    locals: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    worker: int | None = None
    query: bool = False
    at: float | None = None
    failure: str | None = None
    side_effects: tuple[SideEffect, ...] = ()
    cut: bool = False

    @property
    def is_live(self) -> bool:
        """True if this step did something for the first time: neither replay nor a query."""
        return not self.is_replaying and not self.query

    @property
    def builds_anew(self) -> bool:
        """True if the worker builds the workflow in it: at its start, and again after a crash or an eviction."""
        return any(job.kind == "initialize_workflow" for job in self.jobs)

    @property
    def reason(self) -> str:
        """Why the activation came, in words: its jobs."""
        return ", ".join(job.text for job in self.jobs)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ReplayStep":
        """Build a step from what `json` gives back for `asdict(step)`; unknown names are ignored."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        known["lines"] = tuple((str(file), int(line)) for file, line in known.get("lines", ()))
        for name, part in (("jobs", Job), ("waiting", Waiting), ("commands", Command), ("side_effects", SideEffect)):
            known[name] = tuple(part(**p) for p in known.get(name, ()))
        known |= {name: tuple(known.get(name, ())) for name in ("event_ids", "changed")}
        return cls(**known)


class Numbering:
    """Numbers steps as they come, and marks in each what changed since the same worker's step before."""

    def __init__(self) -> None:
        self._numbers = count()
        self._before: dict[int | None, Mapping[str, str]] = {}

    def next(self, step: ReplayStep) -> ReplayStep:
        """The step with its `index` and with what has `changed`."""
        old = {} if step.builds_anew else self._before.get(step.worker, {})
        changed = sorted(n for n in old.keys() | step.state.keys() if old.get(n) != step.state.get(n))
        self._before[step.worker] = step.state
        return replace(step, index=next(self._numbers), changed=tuple(changed))


@dataclass(frozen=True)
class WorkerLife:
    """One worker process, from its start to its end.

    Attributes:
        started: Seconds since the epoch.
        ended: Seconds since the epoch, or None while it lives.
        how: "stopped", "crashed", "failed", or None while it lives.
        records: False if its recorder was switched off.
    """

    name: str
    pid: int
    started: float
    ended: float | None
    how: str | None
    records: bool

    @property
    def identity(self) -> str:
        """The name that the worker gives itself to the server, and that history keeps: `name@pid`."""
        return f"{self.name}@{self.pid}"


@dataclass(frozen=True)
class Failure:
    """Why a replay of a saved history went no further.

    Attributes:
        kind: "nondeterminism" (code and history part), "raised" (the code raised) or "deadlock" (it did not yield).
        text: What happened, in plain words.
        step: The index of the step at which it happened: for a nondeterminism the one that made the command.
        expected: The event that history holds, or None if it holds no further one.
        actual: The command that the code made in its place, or None if it made none.
        message: Temporal's own words.
        line: The source line of it, where that is neither the command's nor the last line of its step, or None.
        file: The source file of `line`.
    """

    kind: str
    text: str
    step: int
    expected: TraceEvent | None = None
    actual: Command | None = None
    message: str = ""
    line: int | None = None
    file: str = ""


@dataclass(frozen=True)
class ReplayTrace:
    """All activations of one workflow run, in the order in which they were done.

    Attributes:
        steps: One per activation; evictions from a worker's cache are no step.
        workflow_type: The workflow's type name, such as "StagedWorkflow".
        file: The source file that defines the workflow, or "" if unknown.
        failure: None, or why the replay of a saved history went no further.
        events: The history, as far as it is known; a trace that workers left knows none of its own.
        lives: The workers that did the steps, for a trace that workers left.
        sources: The text of each file in `lines`, as it was when the trace was made.
        notes: What a reader should know of this trace, in sentences.
    """

    steps: tuple[ReplayStep, ...] = ()
    workflow_type: str = ""
    file: str = ""
    failure: Failure | None = None
    events: tuple[TraceEvent, ...] = ()
    lives: tuple[WorkerLife, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[ReplayStep], **rest: Any) -> "ReplayTrace":
        """Number the steps, and mark in each what changed since the same worker's step before."""
        return cls(tuple(map(Numbering().next, steps)), **rest)

    @property
    def workers(self) -> tuple[int, ...]:
        """The pids of the workers in this trace, in the order of their first step."""
        return tuple(dict.fromkeys(s.worker for s in self.steps if s.worker is not None))

    def by(self, worker: int | None) -> tuple[ReplayStep, ...]:
        """The steps that one worker did."""
        return tuple(s for s in self.steps if s.worker == worker)

    def to_json(self) -> str:
        """The whole trace as JSON text, for `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ReplayTrace":
        """The trace that `to_json` wrote."""
        data = json.loads(text)
        failure = data["failure"]
        if failure:
            expected, actual = failure["expected"], failure["actual"]
            failure = Failure(
                **failure | {"expected": expected and TraceEvent(**expected), "actual": actual and Command(**actual)}
            )
        return cls(
            steps=tuple(ReplayStep.from_dict(s) for s in data["steps"]),
            workflow_type=data["workflow_type"],
            file=data["file"],
            failure=failure,
            events=tuple(TraceEvent(**e) for e in data["events"]),
            lives=tuple(WorkerLife(**life) for life in data["lives"]),
            sources=data["sources"],
            notes=tuple(data["notes"]),
        )

    def __repr__(self) -> str:
        live = sum(s.is_live for s in self.steps)
        failed = f", {self.failure.kind} at step {self.failure.step}" if self.failure else ""
        return f"ReplayTrace({self.workflow_type}: {len(self.steps)} activations, {live} executed now{failed})"
