"""Small histories as JSON, for what needs no more than a workflow's start."""

from typing import Any

AT = "2026-01-01T00:00:00Z"


def event(kind: str, **attributes: Any) -> dict[str, Any]:
    """One event of this type, not numbered."""
    first, *rest = kind.lower().split("_")
    own = f"{first}{''.join(map(str.title, rest))}EventAttributes"
    return {"eventType": f"EVENT_TYPE_{kind}", "eventTime": AT, own: attributes}


def history(*events: dict[str, Any]) -> dict[str, Any]:
    """These events, numbered."""
    return {"events": [{"eventId": str(n), **e} for n, e in enumerate(events, 1)]}


def started(workflow_type: str, *more: dict[str, Any]) -> dict[str, Any]:
    """A workflow's start and its first workflow task, which a worker has begun, with `more` after it."""
    start = {"workflowType": {"name": workflow_type}, "taskQueue": {"name": "q"}, "workflowId": "w"}
    return history(
        event("WORKFLOW_EXECUTION_STARTED", originalExecutionRunId="r", **start),
        event("WORKFLOW_TASK_SCHEDULED"),
        event("WORKFLOW_TASK_STARTED", scheduledEventId="2"),
        *more,
    )
