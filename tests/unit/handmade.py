"""Small histories made by hand, event by event, for what a real server seldom writes."""

import base64
import json
from typing import Any

from temporalio.client import WorkflowHistory

CHECKS_ALL = [1, 2, 3, 4]
"""The flags of the SDK's core by which its worker compares ids, types, services and operations."""


class HandMade:
    """A history that grows by one event after the other.

    Args:
        type: The workflow's type.
        flags: The core's flags that its first workflow task used.
        time_skipping: As the time-skipping server wrote it: the end of a workflow task does not name its start, and
            what a task's commands made names the task's start instead of its end.
    """

    def __init__(self, type: str, *, flags: list[int] | None = None, time_skipping: bool = False) -> None:
        self.events: list[dict[str, Any]] = []
        self._flags = CHECKS_ALL if flags is None else flags
        self._time_skipping = time_skipping
        self._completed = 0
        self.add("WORKFLOW_EXECUTION_STARTED", workflowType={"name": type}, workflowId="hand-made",
                 taskQueue={"name": "lamps"}, originalExecutionRunId="a-run", attempt=1)  # fmt: skip

    def add(self, kind: str, **attributes: Any) -> int:
        """The next event; its id."""
        camel = kind.lower().split("_")
        id = len(self.events) + 1
        self.events.append(
            {
                "eventId": str(id),
                "eventTime": f"2026-01-01T00:00:{id:02}Z",
                "eventType": f"EVENT_TYPE_{kind}",
                camel[0] + "".join(map(str.title, camel[1:])) + "EventAttributes": attributes,
            }
        )
        return id

    def task(self) -> int:
        """A workflow task, scheduled, started and completed; the id of its start."""
        scheduled = self.add("WORKFLOW_TASK_SCHEDULED")
        started = self.add("WORKFLOW_TASK_STARTED", scheduledEventId=scheduled)
        names = {} if self._time_skipping else {"startedEventId": started}
        first = not self._completed
        used = {"coreUsedFlags": self._flags, "sdkName": "temporal-python"} if first else {}
        completed = self.add("WORKFLOW_TASK_COMPLETED", scheduledEventId=scheduled, sdkMetadata=used, **names)
        self._completed = started if self._time_skipping else completed
        return started

    def made(self, kind: str, **attributes: Any) -> int:
        """An event that a command of the last workflow task made."""
        return self.add(kind, workflowTaskCompletedEventId=self._completed, **attributes)

    def activity(self, number: int, type: str) -> int:
        """An activity that was scheduled."""
        return self.made("ACTIVITY_TASK_SCHEDULED", activityId=str(number), activityType={"name": type})

    def ended(self, scheduled: int) -> int:
        """The start and the end of that activity."""
        started = self.add("ACTIVITY_TASK_STARTED", scheduledEventId=scheduled)
        names = {} if self._time_skipping else {"startedEventId": started}
        return self.add("ACTIVITY_TASK_COMPLETED", scheduledEventId=scheduled, **names)

    def timer(self, number: int) -> int:
        """A timer of one second that was started."""
        return self.made("TIMER_STARTED", timerId=str(number), startToFireTimeout="1s")

    def fired(self, started: int, number: int) -> int:
        """The end of that timer."""
        return self.add("TIMER_FIRED", timerId=str(number), startedEventId=started)

    def local(self, number: int, type: str) -> int:
        """The marker of a local activity that gave None."""
        at = {"seconds": 0, "nanos": 0}
        data = {"seq": number, "activity_id": str(number), "activity_type": type, "attempt": 1, "complete_time": at,
                "original_schedule_time": at, "backoff": None}  # fmt: skip
        none = {"metadata": {"encoding": _base64("binary/null")}}
        return self.made(
            "MARKER_RECORDED",
            markerName="core_local_activity",
            details={"data": _json(data), "result": {"payloads": [none]}},
        )

    def patch(self, id: str, *, deprecated: bool = False, old: bool = False) -> int:
        """The marker of a patch; `old`: as the first SDKs on Temporal's core wrote it."""
        details = {"patch-data": _json({"id": id, "deprecated": deprecated})}
        if old:
            details = {"patch_id": _raw(id.encode()), "deprecated": _raw(bytes([deprecated]))}
        return self.made("MARKER_RECORDED", markerName="core_patch", details=details)

    def child(self, id: str, type: str) -> int:
        """A child workflow that was asked for and has started."""
        about = {"workflowType": {"name": type}}
        initiated = self.made("START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId=id, **about)
        execution = {"workflowId": id, "runId": "another-run"}
        self.add("CHILD_WORKFLOW_EXECUTION_STARTED", initiatedEventId=initiated, workflowExecution=execution, **about)
        return initiated

    def completed(self) -> int:
        """The workflow's completion."""
        return self.made("WORKFLOW_EXECUTION_COMPLETED")

    @property
    def history(self) -> WorkflowHistory:
        """What was made."""
        return WorkflowHistory.from_json("hand-made", {"events": self.events})


def _json(data: dict[str, Any]) -> dict[str, Any]:
    return {"payloads": [{"metadata": {"encoding": _base64("json/plain")}, "data": _base64(json.dumps(data))}]}


def _raw(data: bytes) -> dict[str, Any]:
    return {"payloads": [{"data": base64.b64encode(data).decode()}]}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
