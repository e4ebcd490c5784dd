"""History's events as a trace keeps them: id, type, time, and what each is about."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from temporalio.api.enums.v1 import EventType

from stagedflow.replay import _sdk
from stagedflow.replay.recording.jobs import arguments
from stagedflow.replay.trace import TraceEvent
from stagedflow.replay.words import duration, listed, one_line

_PREFIX = len("EVENT_TYPE_")


def read_events(history: Iterable[Any]) -> tuple[TraceEvent, ...]:
    """The events of a history (protobuf messages of Temporal's API), in their order."""
    teller = EventTeller()
    return tuple(teller.tell(event) for event in history)


class EventTeller:
    """Tells the events of one history, one after the other: an answer says what an earlier event has asked for."""

    def __init__(self) -> None:
        self._asked: dict[int, str] = {}

    def tell(self, event: Any) -> TraceEvent:
        """The next event."""
        kind, body = event_type(event), attributes(event)
        at = event.event_time.seconds + event.event_time.nanos / 1e9
        tell = _TELL.get(kind)
        text = tell(body) if tell and body is not None else ""
        if kind == "WORKFLOW_EXECUTION_UPDATE_ACCEPTED":  # after a reset, the request is in an event of its own
            text = text or self._asked.get(body.accepted_request_sequencing_event_id, "")
        if kind in _ASKING:
            self._asked[event.event_id] = text
        elif asked := self._asked.get(_answers(kind, body)):
            text = f"{text} · {asked}" if text else asked
        elif event.worker_may_ignore and body is None:
            text = "of a type that this SDK does not know; the server says that a worker may ignore it"
        return TraceEvent(event.event_id, kind, at, one_line(text))


def event_type(event: Any) -> str:
    """Temporal's name of an event's type, such as "TIMER_STARTED", or the number of one that is not known yet."""
    return _type_name(event.event_type)


@cache
def _type_name(number: int) -> str:
    try:
        return EventType.Name(number)[_PREFIX:]  # type: ignore[arg-type]
    except ValueError:
        return f"TYPE_{number}"


def attributes(event: Any) -> Any:
    """The message that holds what is particular to an event of its type: an empty one, if the event lacks it.

    None for a type that is not known yet and has none.
    """
    own = _attributes_name(event.event_type)
    name = own if hasattr(event, own) else event.WhichOneof("attributes")
    return getattr(event, name) if name else None


@cache
def _attributes_name(number: int) -> str:
    return f"{_type_name(number).lower()}_event_attributes"


def marker_id(body: Any) -> tuple[str, str]:
    """A marker's name and what it is about: a patch's id, or a local activity's sequence number.

    The SDK writes its own markers with JSON in their details; another's marker has its name alone.
    """
    data = marker_data(body)
    return body.marker_name, str(next((data[field] for field in ("id", "seq") if data.get(field) is not None), ""))


def marker_data(body: Any) -> dict[str, Any]:
    """What the SDK's core wrote into a marker of its own; empty for another's marker.

    Of a patch these are `id` and `deprecated`; of a local activity `seq`, `activity_id` and `activity_type`.
    """
    for name, field in (("patch-data", "id"), ("data", "seq")):
        data = _json(_first(body, name))
        if data.get(field) is not None:
            return data
    # Older SDKs wrote a patch as two details of raw bytes; the core still reads both.
    if id := _first(body, "patch_id"):
        return {"id": id.decode(errors="replace"), "deprecated": any(_first(body, "deprecated")[:1])}
    return {}


def _first(body: Any, name: str) -> bytes:
    """The first payload of a marker's detail."""
    found = body.details[name].payloads if name in body.details else ()
    return bytes(found[0].data) if found else b""


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


_ASKING = {
    "ACTIVITY_TASK_SCHEDULED",
    "TIMER_STARTED",
    "WORKFLOW_EXECUTION_UPDATE_ADMITTED",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
    "NEXUS_OPERATION_SCHEDULED",
}


def _answers(kind: str, body: Any) -> int:
    """The event that asked for what this one tells of, or 0."""
    if kind.startswith("TIMER_"):
        return int(body.started_event_id)
    if kind.startswith("WORKFLOW_"):
        return int(getattr(body, "accepted_event_id", 0))
    return int(getattr(body, "scheduled_event_id", 0) or getattr(body, "initiated_event_id", 0))


def _outcome(outcome: Any) -> str:
    return arguments(outcome.success.payloads) if outcome.HasField("success") else str(outcome.failure.message)


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
    return {_sdk.PATCH_MARKER: f"patch {id}", _sdk.LOCAL_ACTIVITY_MARKER: f"local activity {id}"}.get(name, name)


def _update(asked: Any) -> str:
    return f"{asked.name}({arguments(asked.args.payloads)})" if asked.name else ""


_TELL: dict[str, Callable[[Any], str]] = {
    "WORKFLOW_EXECUTION_STARTED": lambda b: f"{b.workflow_type.name}({arguments(b.input.payloads)})",
    "WORKFLOW_EXECUTION_COMPLETED": lambda b: arguments(b.result.payloads),
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
    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": _other,
    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED": _other,
    "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED": _other,
    "WORKFLOW_EXECUTION_UPDATE_ADMITTED": lambda b: _update(b.request.input),
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": lambda b: _update(b.accepted_request.input),
    "WORKFLOW_EXECUTION_UPDATE_COMPLETED": lambda b: _outcome(b.outcome),
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": lambda b: f"{b.workflow_type.name}({arguments(b.input.payloads)})",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": lambda b: listed(b.search_attributes.indexed_fields),
    "WORKFLOW_PROPERTIES_MODIFIED": lambda b: "memo " + listed(b.upserted_memo.fields),
    "NEXUS_OPERATION_SCHEDULED": lambda b: b.operation,
}
