"""The record of a workflow's activations: plain frozen data, the same for a live worker and for a saved history."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class Waiting:
    """Where one coroutine of the workflow waits.

    Attributes:
        kind: "condition", "activity", "timer", "child" or "other".
        text: The same in words, such as "activity flash_firmware".
        line: The source line of the await, in the workflow's file.
    """

    kind: str
    text: str
    line: int | None = None


@dataclass(frozen=True)
class Command:
    """A command that the activation gave back to the server, such as `schedule_activity`."""

    kind: str
    text: str
    line: int | None = None


@dataclass(frozen=True)
class ReplayStep:
    """One activation: the worker brought some events to the workflow, and ran it until it could go no further.

    Attributes:
        index: Place in the trace, from 0.
        is_replaying: True if the commands were already in history ("from history"), False if new ("executed now").
        event_ids: The history events that this activation brought.
        jobs: The same in words, such as "signal advance_stage".
        lines: `(file, line)` in the order executed.
        waiting: Where each coroutine waits when the activation has ended.
        commands: What the activation asked the server to do.
        state: The workflow object's attributes, name to bounded text.
        locals: The local variables of `run`, name to bounded text.
        changed: The names in `state` whose text differs from this worker's step before.
        worker: The process that did it (pid), or None for a replay of a saved history.
        query: True if a query was the activation's only reason: such a step never goes live.
        at: When it ended (seconds since the epoch), or None for a replay of a saved history.
        failure: What went wrong in this activation, in words, or None.
    """

    index: int
    is_replaying: bool
    event_ids: tuple[int, ...] = ()
    jobs: tuple[str, ...] = ()
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

    @property
    def is_live(self) -> bool:
        """True if this step did something for the first time: neither replay nor a query."""
        return not self.is_replaying and not self.query

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ReplayStep":
        """Build a step from what `json` gives back for `asdict(step)`; unknown names are ignored."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        known["lines"] = tuple((str(file), int(line)) for file, line in known.get("lines", ()))
        known["waiting"] = tuple(Waiting(**w) for w in known.get("waiting", ()))
        known["commands"] = tuple(Command(**c) for c in known.get("commands", ()))
        for name in ("event_ids", "jobs", "changed"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(frozen=True)
class ReplayTrace:
    """All activations of one workflow run, in the order in which they were done.

    Attributes:
        steps: One per activation; evictions from a worker's cache are no step.
        workflow_type: The workflow's type name, such as "StagedWorkflow".
        file: The source file that defines the workflow, or "" if unknown.
        failure: None for a trace that a worker left; a later replay of a saved history says here how it failed.
    """

    steps: tuple[ReplayStep, ...] = ()
    workflow_type: str = ""
    file: str = ""
    failure: Any = None

    @classmethod
    def of(cls, steps: Iterable[ReplayStep], *, workflow_type: str, file: str) -> "ReplayTrace":
        """Number the steps, and mark in each what changed since the same worker's step before."""
        numbered: list[ReplayStep] = []
        before: dict[int | None, Mapping[str, str]] = {}
        for index, step in enumerate(steps):
            old = before.get(step.worker, {})
            changed = tuple(sorted(n for n, text in step.state.items() if old.get(n) != text))
            numbered.append(replace(step, index=index, changed=changed))
            before[step.worker] = step.state
        return cls(tuple(numbered), workflow_type, file)

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
        steps = tuple(ReplayStep.from_dict(s) for s in data["steps"])
        return cls(steps, data["workflow_type"], data["file"], data.get("failure"))

    def __repr__(self) -> str:
        live = sum(s.is_live for s in self.steps)
        return f"ReplayTrace({self.workflow_type}: {len(self.steps)} activations, {live} executed now)"
