"""A history by what its events can be found by: it grows with the history, event by event."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from stagedflow.replay.events import attributes, event_type, marker_id
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
"""Kind of command -> the type of the event that it makes."""

UPDATES = {
    "accept": "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
    "complete": "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
    "fail": "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
}
STARTED, RESOLVED = "started", "resolved"
"""With the number of the event that asked for something: the event that says it has started, and how it ended."""

Name = tuple[str, str | int]
"""An event's type (or a marker's name, `STARTED` or `RESOLVED`), and what tells it from others of that type."""

_TELL_OF_A_START = {
    "CHILD_WORKFLOW_EXECUTION_STARTED", "START_CHILD_WORKFLOW_EXECUTION_FAILED", "NEXUS_OPERATION_STARTED",
}  # fmt: skip
_MADE = frozenset(MADE_BY.values())
_OF_UPDATES = frozenset(UPDATES.values())


class HistoryIndex:
    """The events of one history.

    Attributes:
        found: What can be told by its name alone -> the event.
        made: The name of what a command makes -> (start of the workflow task, event) of each, in order.
        completed: The starts of the workflow tasks that were completed.
    """

    def __init__(self) -> None:
        self.found: dict[Name, int] = {}
        self.made: dict[Name, list[tuple[int, int]]] = defaultdict(list)
        self.completed: set[int] = set()
        self._task = _LastTask()

    def add(self, event: Any) -> tuple[Name, ...]:
        """Take in the next event (a protobuf message of Temporal's API); the names by which it can be found."""
        started, kind, body = self._task.after(event), event_type(event), attributes(event)
        if kind == "WORKFLOW_TASK_COMPLETED":
            self.completed.add(started)
        elif kind in _MADE:
            alone, id = _name(kind, body), _id(kind, body)
            self.made[kind, id].append((started, event.event_id))
            self.found.setdefault(alone, event.event_id)
            return alone, (kind, id)
        elif kind == "WORKFLOW_EXECUTION_CANCEL_REQUESTED":
            self.found.setdefault((kind, ""), event.event_id)
            return ((kind, ""),)
        elif name := _answer(kind, body, event):
            self.found[name] = event.event_id
            return (name,)
        return ()


class _LastTask:
    """Which workflow task was completed last.

    A server writes what a workflow task's commands make at once behind the task's completion. By this order, and not by
    the ids with which events name each other: a server for tests may leave them out, or name another event.
    """

    def __init__(self) -> None:
        self._started = self._completed = 0

    def after(self, event: Any) -> int:
        """The start of the workflow task that was completed last, this event included, or 0."""
        kind = event_type(event)
        if kind == "WORKFLOW_TASK_STARTED":
            self._started = event.event_id
        elif kind == "WORKFLOW_TASK_COMPLETED":
            self._completed = self._started
        return self._completed


def with_tasks(history: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Each event with the start of the workflow task that was completed last before it, or 0."""
    task = _LastTask()
    for event in history:
        yield event, task.after(event)


def update_id(event: Any) -> str:
    """The id of the update that an event of `UPDATES` is about; "" for another event."""
    kind, body = event_type(event), attributes(event)
    if kind == UPDATES["accept"]:
        # After a reset the request is in an event of its own, and its acceptance only says of which update it is.
        return str(body.accepted_request.meta.update_id or body.protocol_instance_id)
    return str(body.meta.update_id) if kind == UPDATES["complete"] else ""


def _answer(kind: str, body: Any, event: Any) -> Name | None:
    """The name of an event that no command made, if it is asked for."""
    if kind in _TELL_OF_A_START:
        return STARTED, _asked_by(body)
    if kind in _OF_UPDATES:
        return kind, update_id(event)
    if kind == "TIMER_FIRED":
        return kind, body.timer_id
    asked = _asked_by(body) if kind != "ACTIVITY_TASK_STARTED" else 0
    return (RESOLVED, asked) if asked else None


def _asked_by(body: Any) -> int:
    """The event that asked for what this event answers, or 0."""
    return int(getattr(body, "initiated_event_id", 0) or getattr(body, "scheduled_event_id", 0))


def _name(kind: str, body: Any) -> Name:
    """An event's name among all; for a marker this is the marker's."""
    return marker_id(body) if kind == "MARKER_RECORDED" else (kind, _id(kind, body))


def _id(kind: str, body: Any) -> str:
    """An event's id among those of its type."""
    match kind:
        case "ACTIVITY_TASK_SCHEDULED":
            return str(body.activity_id)
        case "TIMER_STARTED" | "TIMER_CANCELED":
            return str(body.timer_id)
        case "START_CHILD_WORKFLOW_EXECUTION_INITIATED":
            return str(body.workflow_id)
        case "NEXUS_OPERATION_SCHEDULED":
            return str(body.service)
        case "MARKER_RECORDED":
            return marker_id(body)[1]
        case "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":
            return listed(body.search_attributes.indexed_fields)
        case "ACTIVITY_TASK_CANCEL_REQUESTED" | "NEXUS_OPERATION_CANCEL_REQUESTED":
            return str(body.scheduled_event_id)
    return body.workflow_execution.workflow_id if hasattr(body, "workflow_execution") else ""
