"""History's events as a trace keeps them: id, type, time, and what each is about."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from temporalio.api.enums.v1 import EventType

from stagedflow.replay.jobs import arguments
from stagedflow.replay.trace import TraceEvent
from stagedflow.replay.words import duration, one_line

_PREFIX = len("EVENT_TYPE_")


def read_events(history: Iterable[Any]) -> tuple[TraceEvent, ...]:
    """The events of a history (protobuf messages of Temporal's API), in their order."""
    return tuple(read_trace_event(event) for event in history)


def read_trace_event(event: Any) -> TraceEvent:
    """One event."""
    at = event.event_time.seconds + event.event_time.nanos / 1e9
    return TraceEvent(event.event_id, event_type(event), at, one_line(_about(event)))


def event_type(event: Any) -> str:
    """Temporal's name of an event's type, such as "TIMER_STARTED", or the number of one that is not known yet."""
    try:
        return EventType.Name(event.event_type)[_PREFIX:]
    except ValueError:
        return f"TYPE_{event.event_type}"


def attributes(event: Any) -> Any:
    """The message that holds what is particular to this event, or None."""
    name = event.WhichOneof("attributes")
    return getattr(event, name) if name else None


def marker_id(body: Any) -> tuple[str, str]:
    """A marker's name and what it is about: a patch's id, or a local activity's sequence number and type.

    The SDK writes its own markers with JSON in their details; another's marker has its name alone.
    """
    details = {name: payloads.payloads for name, payloads in body.details.items()}
    for name, field in (("patch-data", "id"), ("data", "seq")):
        if payloads := details.get(name):
            value = _json_field(payloads[0].data, field)
            if value is not None:
                return body.marker_name, str(value)
    return body.marker_name, ""


def _json_field(data: bytes, field: str) -> Any:
    try:
        return json.loads(data).get(field)
    except (ValueError, AttributeError):
        return None


def _about(event: Any) -> str:
    body = attributes(event)
    tell = _TELL.get(event_type(event))
    return tell(body) if tell and body is not None else ""


def _failure(body: Any) -> str:
    return str(body.failure.message)


def _child(body: Any) -> str:
    return f"{body.workflow_type.name} {body.workflow_execution.workflow_id}"


def _other(body: Any) -> str:
    return str(body.workflow_execution.workflow_id)


def _sticky(body: Any) -> str:
    again = f", attempt {body.attempt}" if body.attempt > 1 else ""
    return ("on a sticky queue" if body.task_queue.normal_name else "on the task queue") + again


def _marker(body: Any) -> str:
    name, id = marker_id(body)
    return {"core_patch": f"patch {id}", "core_local_activity": f"local activity {id}"}.get(name, name)


def _keys(fields: Any) -> str:
    return ", ".join(sorted(fields))


_TELL: dict[str, Callable[[Any], str]] = {
    "WORKFLOW_EXECUTION_STARTED": lambda b: f"{b.workflow_type.name}({arguments(b.input.payloads)})",
    "WORKFLOW_EXECUTION_FAILED": _failure,
    "WORKFLOW_EXECUTION_TERMINATED": lambda b: b.reason,
    "WORKFLOW_EXECUTION_CANCEL_REQUESTED": lambda b: b.cause,
    "WORKFLOW_EXECUTION_SIGNALED": lambda b: f"{b.signal_name}({arguments(b.input.payloads)})",
    "WORKFLOW_TASK_SCHEDULED": _sticky,
    "WORKFLOW_TASK_STARTED": lambda b: b.identity,
    "WORKFLOW_TASK_COMPLETED": lambda b: b.identity,
    "WORKFLOW_TASK_FAILED": _failure,
    "WORKFLOW_TASK_TIMED_OUT": lambda b: "",
    "ACTIVITY_TASK_SCHEDULED": lambda b: f"{b.activity_type.name}({arguments(b.input.payloads)})",
    "ACTIVITY_TASK_STARTED": lambda b: f"attempt {b.attempt} by {b.identity}",
    "ACTIVITY_TASK_COMPLETED": lambda b: arguments(b.result.payloads),
    "ACTIVITY_TASK_FAILED": _failure,
    "ACTIVITY_TASK_TIMED_OUT": _failure,
    "TIMER_STARTED": lambda b: duration(b.start_to_fire_timeout.ToNanoseconds() / 1e9),
    "TIMER_FIRED": lambda b: f"timer {b.timer_id}",
    "TIMER_CANCELED": lambda b: f"timer {b.timer_id}",
    "MARKER_RECORDED": _marker,
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": lambda b: f"{b.workflow_type.name} {b.workflow_id}",
    "START_CHILD_WORKFLOW_EXECUTION_FAILED": lambda b: f"{b.workflow_type.name} {b.workflow_id}",
    "CHILD_WORKFLOW_EXECUTION_STARTED": _child,
    "CHILD_WORKFLOW_EXECUTION_COMPLETED": _child,
    "CHILD_WORKFLOW_EXECUTION_FAILED": _child,
    "CHILD_WORKFLOW_EXECUTION_CANCELED": _child,
    "CHILD_WORKFLOW_EXECUTION_TIMED_OUT": _child,
    "CHILD_WORKFLOW_EXECUTION_TERMINATED": _child,
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": lambda b: f"{b.signal_name} to {_other(b)}",
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED": _other,
    "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED": _other,
    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": _other,
    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED": _other,
    "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED": _other,
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": lambda b: b.accepted_request.input.name,
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": lambda b: f"{b.workflow_type.name}({arguments(b.input.payloads)})",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": lambda b: _keys(b.search_attributes.indexed_fields),
    "WORKFLOW_PROPERTIES_MODIFIED": lambda b: "memo " + _keys(b.upserted_memo.fields),
    "NEXUS_OPERATION_SCHEDULED": lambda b: b.operation,
}
