"""Is a history whole? Temporal's Replayer takes some that are not, and waits for ever or gives a false verdict."""

import itertools
from collections.abc import Sequence

import temporalio
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from stagedflow.errors import LabError
from stagedflow.replay.history_index import MADE_BY

HOW_TO_EXPORT = (
    "Export one with `temporal workflow show --workflow-id ID --output json > history.json`, "
    "or with the Download button of the workflow's page in the Web UI."
)
_ENDS_OF_A_TASK = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
)


def whole(workflow_id: str, events: Sequence[HistoryEvent], name: str) -> WorkflowHistory:
    """The history of these events, without those that a server shows ahead of a retried workflow task.

    Args:
        workflow_id: The workflow's id, or "" where the first event has it.
        events: In their order, or newest first.
        name: What they are called in a message.

    Raises:
        LabError: Some are missing, doubled, misplaced, empty or of no known type.
    """
    events = _without_those_shown_ahead(events)
    if not events:
        raise LabError(f"{name} has no events. {HOW_TO_EXPORT}")
    if len(events) > 1 and [e.event_id for e in events] == list(range(len(events), 0, -1)):
        events = events[::-1]  # newest first, as some tools show it
    first = events[0]
    if first.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
        raise LabError(
            f"{name} does not start with WORKFLOW_EXECUTION_STARTED, but with event {first.event_id} "
            f"({_type_name(first)}): it is only a part of a history. {HOW_TO_EXPORT}"
        )
    for number, event in enumerate(events, 1):
        if not event.event_type and not event.worker_may_ignore:
            raise LabError(
                f"{name} has an event whose type this SDK (temporalio {temporalio.__version__}) does not know, event "
                f"{event.event_id}. It comes from a newer server, or its export has lost the types. {HOW_TO_EXPORT}"
            )
        if not event.WhichOneof("attributes") and not event.worker_may_ignore:
            raise LabError(
                f"{name} has event {event.event_id} ({_type_name(event)}) without its attributes, as has the list of "
                f"events with `details` that an older Web UI exports: a replay needs them. {HOW_TO_EXPORT}"
            )
        if event.event_id < number:
            raise LabError(
                f"{name} has event {event.event_id} ({_type_name(event)}) twice, or in the wrong place. A replay needs "
                f"each event once, in its order. {HOW_TO_EXPORT}"
            )
        if event.event_id != number:
            raise LabError(
                f"{name} has a gap: where event {number} should be, it has event {event.event_id} "
                f"({_type_name(event)}). A replay needs the whole history. {HOW_TO_EXPORT}"
            )
    _must_schedule_its_tasks(events, name)
    _must_end_its_tasks(events, name)
    started = first.workflow_execution_started_event_attributes
    if not started.workflow_type.name:
        raise LabError(f"{name} does not say of which workflow type it is. {HOW_TO_EXPORT}")
    if not started.HasField("task_queue"):  # the SDK's core panics, and the Replayer would wait for ever
        raise LabError(f"{name} does not say from which task queue its workflow was started. {HOW_TO_EXPORT}")
    return WorkflowHistory(workflow_id or started.workflow_id, events)


def _must_schedule_its_tasks(events: Sequence[HistoryEvent], name: str) -> None:
    """No server writes what a workflow task did before one was scheduled; the SDK's core may wait for that for ever."""
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            return
        kind = _type_name(event)
        if kind in MADE_BY.values() or kind.startswith("WORKFLOW_TASK_"):
            raise LabError(
                f"{name} cannot be replayed: at event {event.event_id} it has {kind}, and no workflow task was "
                f"scheduled before. Events are missing. {HOW_TO_EXPORT}"
            )


def _must_end_its_tasks(events: Sequence[HistoryEvent], name: str) -> None:
    """The SDK's core panics, and gives no answer, where a workflow task starts and the next event does not end it."""
    for event, after in itertools.pairwise(events):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED and after.event_type not in _ENDS_OF_A_TASK:
            raise LabError(
                f"{name} cannot be replayed: a workflow task starts at event {event.event_id}, and the event after it "
                f"({_type_name(after)}) does not say how the task ended. {HOW_TO_EXPORT}"
            )


def _without_those_shown_ahead(events: Sequence[HistoryEvent]) -> Sequence[HistoryEvent]:
    """A server shows the retry of a workflow task before it is written: two last events without a task id."""
    if not any(e.task_id for e in events):
        return events
    end = len(events)
    while not events[end - 1].task_id:
        end -= 1
    return events if end == len(events) else list(events[:end])


def _type_name(event: HistoryEvent) -> str:
    try:
        return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
    except ValueError:
        return f"an unknown type, {event.event_type}"
