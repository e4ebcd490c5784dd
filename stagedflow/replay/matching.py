"""Which history event each job of a trace stands for, and which one each command made or matched.

The SDK's core matches commands with events while it replays, and tells nobody. The same is found here, after the fact:
a command's event stands behind the end of the workflow task that made it; that task's start is the last event of the
command's step.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.events import attributes, event_type, marker_id
from stagedflow.replay.trace import Command, Job, ReplayStep
from stagedflow.replay.words import listed

MADE_BY = {
    "schedule_activity": "ACTIVITY_TASK_SCHEDULED",
    "request_cancel_activity": "ACTIVITY_TASK_CANCEL_REQUESTED",
    "start_timer": "TIMER_STARTED",
    "cancel_timer": "TIMER_CANCELED",
    "start_child_workflow_execution": "START_CHILD_WORKFLOW_EXECUTION_INITIATED",
    "cancel_child_workflow_execution": "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
    "signal_external_workflow_execution": "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
    "request_cancel_external_workflow_execution": "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
    "set_patch_marker": "MARKER_RECORDED",
    "schedule_local_activity": "MARKER_RECORDED",
    "upsert_workflow_search_attributes": "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
    "modify_workflow_properties": "WORKFLOW_PROPERTIES_MODIFIED",
    "schedule_nexus_operation": "NEXUS_OPERATION_SCHEDULED",
    "request_cancel_nexus_operation": "NEXUS_OPERATION_CANCEL_REQUESTED",
    "complete_workflow_execution": "WORKFLOW_EXECUTION_COMPLETED",
    "fail_workflow_execution": "WORKFLOW_EXECUTION_FAILED",
    "cancel_workflow_execution": "WORKFLOW_EXECUTION_CANCELED",
    "continue_as_new_workflow_execution": "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
}
"""Kind of command -> the type of event that it makes."""

CANCELS = {
    "cancel_timer": "start_timer",
    "request_cancel_activity": "schedule_activity",
    "cancel_child_workflow_execution": "start_child_workflow_execution",
    "cancel_signal_workflow": "signal_external_workflow_execution",
    "request_cancel_nexus_operation": "schedule_nexus_operation",
}
"""Kind of command that takes another one back -> the kind of that one."""

_STARTED = {"CHILD_WORKFLOW_EXECUTION_STARTED", "START_CHILD_WORKFLOW_EXECUTION_FAILED", "NEXUS_OPERATION_STARTED"}
UPDATES = {
    "accept": "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
    "complete": "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
    "fail": "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
}
_Made = tuple[int, str, str]


@dataclass
class _Index:
    """History by what its events can be found by.

    Attributes:
        made: (start of the workflow task, type, id) -> the events of that task's commands, in order.
        started: The event that asked for a child or an operation -> the event that says it has started.
        resolved: The event that asked for something -> the event that says how it ended.
        found: (type, id) -> the event, for what can be told by its id alone.
        completed: The starts of the workflow tasks that were completed, in order.
    """

    made: dict[_Made, list[int]] = field(default_factory=lambda: defaultdict(list))
    started: dict[int, int] = field(default_factory=dict)
    resolved: dict[int, int] = field(default_factory=dict)
    found: dict[tuple[str, str], int] = field(default_factory=dict)
    completed: list[int] = field(default_factory=list)


def match(steps: Iterable[ReplayStep], history: Iterable[Any]) -> tuple[ReplayStep, ...]:
    """The steps with `event_id` in each job and command that has an event in history.

    Args:
        steps: As the recorder made them; those of several workers may be mixed.
        history: The events, as protobuf messages of Temporal's API.
    """
    steps, index = list(steps), _index(history)
    taken_back = _taken_back(steps)
    instances: dict[int | None, _Instance] = {}
    matched = []
    for step in steps:
        if step.worker not in instances or step.builds_anew:
            instances[step.worker] = _Instance(index, taken_back.get(step.worker, set()))
        matched.append(instances[step.worker].match(step))
    return tuple(matched)


class _Instance:
    """One worker's copy of the workflow, which goes through history once."""

    def __init__(self, index: _Index, taken_back: set[tuple[int, str]]) -> None:
        self._index = index
        self._taken_back = taken_back
        self._used: dict[_Made, int] = defaultdict(int)
        self._asked: dict[str, int] = {}
        self._children: dict[str, str] = {}
        self._task = 0

    def match(self, step: ReplayStep) -> ReplayStep:
        self._task = step.event_ids[-1] if step.event_ids else self._task
        jobs = tuple(replace(job, event_id=self._of_job(job)) for job in step.jobs)
        commands = tuple(replace(c, event_id=self._of_command(c)) for c in step.commands)
        return replace(step, jobs=jobs, commands=commands)

    def _of_job(self, job: Job) -> int | None:
        id = job.key.rpartition(":")[2]
        match job.kind:
            case "initialize_workflow":
                return 1
            case "fire_timer":
                return self._index.found.get(("TIMER_FIRED", id))
            case "cancel_workflow":
                return self._index.found.get(("WORKFLOW_EXECUTION_CANCEL_REQUESTED", ""))
            case "do_update":
                return self._index.found.get((UPDATES["accept"], id))
            case "notify_has_patch":
                return self._index.found.get((_sdk.PATCH_MARKER, id))
            case "resolve_child_workflow_execution_start" | "resolve_nexus_operation_start":
                return self._index.started.get(self._asked.get(job.key, 0))
            case kind if kind.startswith("resolve_"):
                asked = self._asked.get(job.key, 0)
                # A local activity's number is counted with the activities', and may be a child's or a signal's, too.
                local = self._index.found.get((_sdk.LOCAL_ACTIVITY_MARKER, id))
                if local and job.key.startswith("activity:"):
                    return local if local == asked else None
                # A cancelled activity may be resolved at once, long before history holds how it ended.
                found = self._index.resolved.get(asked, 0)
                return found if 0 < found <= self._task else None
        return job.event_id

    def _of_command(self, command: Command) -> int | None:
        group, number, id = (*command.key.split(":", 2), "", "", "")[:3]
        asked = f"{group}:{number}"
        match command.kind:
            case "update_response":
                return self._index.found.get((UPDATES.get(number, ""), id))
            case "schedule_local_activity":  # its marker comes with its end, perhaps by a later workflow task
                return self._ask(asked, self._index.found.get((_sdk.LOCAL_ACTIVITY_MARKER, number)))
            case "request_cancel_activity" | "request_cancel_nexus_operation":
                return self._next(command.kind, str(self._asked.get(asked, "")))
            case "cancel_child_workflow_execution":
                return self._next(command.kind, self._children.get(asked, ""))
            case "cancel_timer":
                return self._next(command.kind, id)
            case "start_child_workflow_execution":
                self._children[asked] = id
        if (self._task, asked) in self._taken_back:
            return None
        return self._ask(asked, self._next(command.kind, id, later=True))

    def _ask(self, asked: str, event: int | None) -> int | None:
        if event is not None:
            self._asked[asked] = event
        return event

    def _next(self, kind: str, id: str, *, later: bool = False) -> int | None:
        """The first event of this workflow task, of the command's type and with this id, that is not taken yet.

        Args:
            kind: The command's.
            id: The event's.
            later: It may be of a later task, too. The SDK completes a task while a local activity is under way, to get
                more time for it: what the workflow asks for when that has ended goes to the server with the next task.
        """
        completed = self._index.completed
        at = bisect_left(completed, self._task)
        tasks = completed[at:] if later and self._task in completed[at : at + 1] else [self._task]
        for task in tasks:
            key = task, MADE_BY.get(kind, ""), id
            events = self._index.made.get(key, ())
            if self._used[key] < len(events):
                self._used[key] += 1
                return events[self._used[key] - 1]
        return None


def _taken_back(steps: Iterable[ReplayStep]) -> dict[int | None, set[tuple[int, str]]]:
    """Worker -> (start of a workflow task, key of its job) of all that it asked for and took back within that task.

    Such a command never reaches the server.
    """
    found: dict[int | None, set[tuple[int, str]]] = defaultdict(set)
    task: dict[int | None, int] = {}
    begun: dict[int | None, set[tuple[int, str]]] = defaultdict(set)
    for step in steps:
        now = task[step.worker] = step.event_ids[-1] if step.event_ids else task.get(step.worker, 0)
        for command in step.commands:
            asked = now, ":".join(command.key.split(":", 2)[:2])
            if command.kind in CANCELS:
                found[step.worker] |= {asked} & begun[step.worker]
            else:
                begun[step.worker].add(asked)
    return found


def with_tasks(history: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Each event with the start of the workflow task that was completed last before it, or 0.

    A server writes what a workflow task's commands make at once behind the task's completion. By this order, and not by
    the ids with which events name each other: a server for tests may leave them out, or name another event.
    """
    started = completed = 0
    for event in history:
        kind = event_type(event)
        if kind == "WORKFLOW_TASK_STARTED":
            started = event.event_id
        elif kind == "WORKFLOW_TASK_COMPLETED":
            completed = started
        yield event, completed


def _index(history: Iterable[Any]) -> _Index:
    index = _Index()
    for event, started in with_tasks(history):
        kind, body = event_type(event), attributes(event)
        if kind == "WORKFLOW_TASK_COMPLETED":
            index.completed.append(started)
        elif kind in MADE_BY.values():
            name, id = _id(kind, body)
            index.made[started, kind, id].append(event.event_id)
            index.found.setdefault((name, id), event.event_id)
        elif kind in _STARTED:
            index.started[_asked_by(body)] = event.event_id
        elif kind in UPDATES.values():
            index.found[kind, update_id(event)] = event.event_id
        elif kind == "TIMER_FIRED":
            index.found[kind, body.timer_id] = event.event_id
        elif kind == "WORKFLOW_EXECUTION_CANCEL_REQUESTED":
            index.found.setdefault((kind, ""), event.event_id)
        elif kind != "ACTIVITY_TASK_STARTED" and _asked_by(body):
            index.resolved[_asked_by(body)] = event.event_id
    return index


def update_id(event: Any) -> str:
    """The id of the update that an event of `UPDATES` is about; "" for another event."""
    kind, body = event_type(event), attributes(event)
    if kind == UPDATES["accept"]:
        return str(body.accepted_request.meta.update_id)
    return str(body.meta.update_id) if kind == UPDATES["complete"] else ""


def _asked_by(body: Any) -> int:
    """The event that asked for what this event answers, or 0."""
    return int(getattr(body, "initiated_event_id", 0) or getattr(body, "scheduled_event_id", 0))


def _id(kind: str, body: Any) -> tuple[str, str]:
    """An event's name, which for a marker is the marker's, and its id among those of its type."""
    match kind:
        case "ACTIVITY_TASK_SCHEDULED":
            return kind, body.activity_id
        case "TIMER_STARTED" | "TIMER_CANCELED":
            return kind, body.timer_id
        case "START_CHILD_WORKFLOW_EXECUTION_INITIATED":
            return kind, body.workflow_id
        case "NEXUS_OPERATION_SCHEDULED":
            return kind, body.service
        case "MARKER_RECORDED":
            return marker_id(body)
        case "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":
            return kind, listed(body.search_attributes.indexed_fields)
        case "ACTIVITY_TASK_CANCEL_REQUESTED" | "NEXUS_OPERATION_CANCEL_REQUESTED":
            return kind, str(body.scheduled_event_id)
    return kind, body.workflow_execution.workflow_id if hasattr(body, "workflow_execution") else ""
