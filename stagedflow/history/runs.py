"""An event history as small values: what happened, what is open, and which gate the workflow is parked at.

Pure: no server, no Jupyter. A panel, a deadline and a test read the same `Run`.
"""

from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from temporalio.api.enums.v1 import EventType, TaskQueueKind, TimeoutType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import PayloadConverter

SIGNAL = "advance_stage"
"""The staged workflow's signal: the only one whose argument is read as a stage."""
GATES = 3
"""How many gates the staged workflow has; a stage beyond opens no further one."""

_CLOSED = {
    "WORKFLOW_EXECUTION_COMPLETED": "completed",
    "WORKFLOW_EXECUTION_FAILED": "failed",
    "WORKFLOW_EXECUTION_TIMED_OUT": "timed out",
    "WORKFLOW_EXECUTION_CANCELED": "cancelled",
    "WORKFLOW_EXECUTION_TERMINATED": "terminated",
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": "continued as new",
}
ACTIVITY_ENDS = {
    "ACTIVITY_TASK_COMPLETED": "completed",
    "ACTIVITY_TASK_FAILED": "failed",
    "ACTIVITY_TASK_TIMED_OUT": "timed out",
    "ACTIVITY_TASK_CANCELED": "cancelled",
}
TASK_ENDS = {
    "WORKFLOW_TASK_COMPLETED": "completed",
    "WORKFLOW_TASK_FAILED": "failed",
    "WORKFLOW_TASK_TIMED_OUT": "timed out",
}


OPENS = frozenset(("ACTIVITY_TASK_SCHEDULED", "TIMER_STARTED", "START_CHILD_WORKFLOW_EXECUTION_INITIATED"))
SETTLES = frozenset((
    *ACTIVITY_ENDS, "TIMER_FIRED", "TIMER_CANCELED", "START_CHILD_WORKFLOW_EXECUTION_FAILED",
    "CHILD_WORKFLOW_EXECUTION_COMPLETED", "CHILD_WORKFLOW_EXECUTION_FAILED", "CHILD_WORKFLOW_EXECUTION_CANCELED",
    "CHILD_WORKFLOW_EXECUTION_TIMED_OUT", "CHILD_WORKFLOW_EXECUTION_TERMINATED",
))  # fmt: skip
"""Event types that open something a workflow can wait for, and those that settle it."""


@dataclass(frozen=True)
class Event:
    """One event of a history.

    Attributes:
        id: The event id, from 1.
        type: Temporal's name, such as "ACTIVITY_TASK_SCHEDULED".
        at: The server's time, seconds since the epoch.
        detail: The attributes that matter here, by the names that `read_event` gives them.
    """

    id: int
    type: str
    at: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """One activity of a run, as history knows it (a running attempt is not in history yet)."""

    type: str
    activity_id: str
    scheduled: Event
    started: Event | None
    closed: Event | None

    @property
    def outcome(self) -> str | None:
        """Return "completed", "failed", "timed out", "cancelled", or None while it is open."""
        return ACTIVITY_ENDS[self.closed.type] if self.closed else None

    @property
    def start_to_close(self) -> float:
        """The timeout that its schedule event says, in seconds."""
        return float(self.scheduled.detail["start_to_close"])


@dataclass(frozen=True)
class WorkflowTask:
    """One workflow task: the server asks a worker to bring the workflow forward."""

    scheduled: Event
    started: Event | None
    closed: Event | None

    @property
    def outcome(self) -> str | None:
        """Return "completed", "failed", "timed out", or None while it is open."""
        return TASK_ENDS[self.closed.type] if self.closed else None

    @property
    def worker(self) -> str | None:
        """The identity of the worker that took it, `name@pid`."""
        return self.started.detail["identity"] if self.started else None


@dataclass(frozen=True)
class Signal:
    """One signal in history.

    Attributes:
        stage: The stage that its argument becomes in the worker, or None if it becomes none.
        trouble: What is odd about it, in words: dropped, too late, out of range; or None.
    """

    name: str
    event: Event
    stage: int | None
    trouble: str | None = None


@dataclass(frozen=True)
class Run:
    """One workflow run, read off its events."""

    events: tuple[Event, ...]

    @property
    def workflow_type(self) -> str:
        """The workflow's type name, or "" for a history without its first event."""
        return str(self.events[0].detail.get("workflow_type", "")) if self.events else ""

    @cached_property
    def status(self) -> str:
        """Return "running", or how the run ended."""
        return _CLOSED.get(self.events[-1].type, "running") if self.events else "running"

    @property
    def closed(self) -> bool:
        """True if the run has ended."""
        return self.status != "running"

    @cached_property
    def activities(self) -> tuple[Activity, ...]:
        """The activities in the order in which they were scheduled."""
        return tuple(
            Activity(e.detail["activity_type"], e.detail["activity_id"], e,
                     self._later(("ACTIVITY_TASK_STARTED",), e), self._later(ACTIVITY_ENDS, e))
            for e in self.events if e.type == "ACTIVITY_TASK_SCHEDULED"
        )  # fmt: skip

    @cached_property
    def tasks(self) -> tuple[WorkflowTask, ...]:
        """The workflow tasks in order; the server keeps the retries of a failed one out of history."""
        return tuple(
            WorkflowTask(e, self._later(("WORKFLOW_TASK_STARTED",), e), self._later(TASK_ENDS, e))
            for e in self.events if e.type == "WORKFLOW_TASK_SCHEDULED"
        )  # fmt: skip

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """The signals in the order in which the server took them."""
        found: list[Signal] = []
        highest: int | None = None
        for event in self.events:
            if event.type == "WORKFLOW_EXECUTION_SIGNALED":
                signal = _signal(event, highest or 0)
                found.append(signal)
                if signal.stage is not None:
                    highest = signal.stage if highest is None else max(highest, signal.stage)
        return tuple(found)

    @cached_property
    def stage(self) -> int:
        """The stage that the signals so far lead to: the highest one named (`max`, as the workflow does it)."""
        return max((0, *(s.stage for s in self.signals if s.stage is not None)))

    @property
    def open_activities(self) -> tuple[Activity, ...]:
        """Scheduled, and not closed in history."""
        return tuple(a for a in self.activities if not a.closed) if not self.closed else ()

    @property
    def open_task(self) -> WorkflowTask | None:
        """The workflow task that is not completed; one that failed or timed out is tried again outside history."""
        last = self.tasks[-1] if self.tasks and not self.closed else None
        return last if last and last.outcome != "completed" else None

    @property
    def completed(self) -> int:
        """How many activities have completed."""
        return sum(a.outcome == "completed" for a in self.activities)

    @property
    def gate(self) -> int | None:
        """The gate at which the workflow is parked: as many activities are done, and nothing is open."""
        parked = not self.closed and not self.opened and not self.open_task
        return self.completed if parked and self.completed else None

    @cached_property
    def opened(self) -> int:
        """How many activities, timers and child workflows are open."""
        return sum((e.type in OPENS) - (e.type in SETTLES) for e in self.events)

    def reached_gate(self, gate: int) -> bool:
        """True if the workflow is parked at this gate or has been past it."""
        return len(self.activities) > gate or self.status == "completed" or (self.gate or 0) >= gate

    @cached_property
    def _answers(self) -> dict[int, list[Event]]:
        """Event that scheduled something -> the events that tell of it later."""
        found: dict[int, list[Event]] = defaultdict(list)
        for event in self.events:
            if (scheduled := event.detail.get("scheduled_id")) is not None:
                found[scheduled].append(event)
        return found

    def _later(self, types: Container[str], scheduled: Event) -> Event | None:
        for event in self._answers.get(scheduled.id, ()):
            if event.type in types:
                return event
        return None


def read_event(event: HistoryEvent) -> Event:
    """The small form of one event of Temporal's API."""
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    body = getattr(event, event.WhichOneof("attributes") or "", None)
    at = event.event_time.seconds + event.event_time.nanos / 1e9
    return Event(event.event_id, kind, at, _detail(kind, body))


def _detail(kind: str, body: Any) -> dict[str, Any]:
    detail: dict[str, Any] = {}
    if hasattr(body, "scheduled_event_id"):
        detail["scheduled_id"] = body.scheduled_event_id
    if hasattr(body, "identity"):
        detail["identity"] = body.identity
    if hasattr(body, "failure"):
        detail["message"] = body.failure.message
    match kind:
        case "WORKFLOW_EXECUTION_STARTED":
            detail["workflow_type"] = body.workflow_type.name
            detail["task_queue"] = body.task_queue.name
        case "WORKFLOW_TASK_SCHEDULED":
            detail["sticky"] = body.task_queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY
            detail["timeout"] = float(body.start_to_close_timeout.seconds)
        case "WORKFLOW_TASK_TIMED_OUT":
            detail["timeout_type"] = _timeout_words(body.timeout_type)
        case "ACTIVITY_TASK_SCHEDULED":
            detail["activity_type"] = body.activity_type.name
            detail["activity_id"] = body.activity_id
            detail["start_to_close"] = body.start_to_close_timeout.ToMilliseconds() / 1000
        case "ACTIVITY_TASK_STARTED":
            detail["attempt"] = body.attempt
        case "WORKFLOW_EXECUTION_SIGNALED":
            detail["name"] = body.signal_name
            detail["args"] = tuple(_value(p) for p in body.input.payloads)
        case "WORKFLOW_EXECUTION_TERMINATED":
            detail["message"] = body.reason
    return detail


def _timeout_words(timeout_type: Any) -> str:
    return TimeoutType.Name(timeout_type).removeprefix("TIMEOUT_TYPE_").lower().replace("_", "-")


def _value(payload: Any) -> Any:
    try:
        return PayloadConverter.default.from_payload(payload)
    except Exception:  # another data converter's payload, or none at all
        return "<cannot be read>"


def _signal(event: Event, stage_before: int) -> Signal:
    """What the SDK's worker makes of a signal: it turns numbers into `int`, and drops what it cannot turn."""
    name, args = event.detail["name"], event.detail["args"]
    if name != SIGNAL:
        return Signal(name, event, None, "the workflow may have no handler of this name" if not args else None)
    if len(args) != 1 or args[0] is None:
        words = "its handler takes one integer and raises on this: the workflow task fails and is tried again and again"
        return Signal(name, event, None, words)
    try:
        stage = int(args[0]) if isinstance(args[0], int | float) else None
    except (OverflowError, ValueError):  # infinity, and what is no number
        stage = None
    if stage is None:
        return Signal(name, event, None, "its argument is no integer, so the worker drops it")
    if stage < 0:
        return Signal(name, event, stage, "a negative stage changes nothing")
    if stage <= stage_before:
        return Signal(name, event, stage, f"the stage is {stage_before} already, so it changes nothing")
    beyond = f"the last gate is {GATES}: this opens all that are left" if stage > GATES else None
    return Signal(name, event, stage, beyond)
