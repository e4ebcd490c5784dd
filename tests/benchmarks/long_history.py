"""A workflow that goes on for long, and its history of any length, up to Temporal's limit of 51,200 events.

The history is made, not recorded: a real one of that length takes the dev server many minutes. Its events have what the
SDK's core looks at; a short one is replayed by the tests to prove that.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

LIMIT = 51_200
"""Events at which Temporal ends a workflow."""

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@workflow.defn
class LongHaul:
    """An activity, then a signal, then a timer, again and again: three activations a round."""

    def __init__(self) -> None:
        self.approved = 0
        self.shipped = 0
        self.last = ""

    @workflow.run
    async def run(self, rounds: int) -> int:
        for number in range(1, rounds + 1):
            self.last = await workflow.execute_activity(
                "ship", number, result_type=str, start_to_close_timeout=timedelta(seconds=30)
            )
            self.shipped += 1
            await workflow.wait_condition(lambda number=number: self.approved >= number)  # type: ignore[misc]
            await workflow.sleep(timedelta(hours=1))
        return self.shipped

    @workflow.signal
    def approve(self) -> None:
        self.approved += 1


def long_history(events: int = LIMIT) -> WorkflowHistory:
    """A finished history of `LongHaul` with about so many events, never more."""
    rounds = max(1, (events - 5) // EVENTS_A_ROUND)
    return WorkflowHistory("long-haul", list(_Writer().write(rounds)))


EVENTS_A_ROUND = 15


class _Writer:
    def __init__(self) -> None:
        self._id = 0
        self._at = BEGIN
        self._task = 0

    def write(self, rounds: int) -> Iterator[HistoryEvent]:
        started = self._event("WORKFLOW_EXECUTION_STARTED")
        body = started.workflow_execution_started_event_attributes
        body.workflow_type.name = "LongHaul"
        body.workflow_id = "long-haul"
        body.original_execution_run_id = body.first_execution_run_id = "00000000-0000-0000-0000-000000000001"
        body.task_queue.name = "long"
        body.workflow_task_timeout.seconds = 10
        body.attempt = 1
        body.input.CopyFrom(_json(str(rounds)))
        yield started
        yield from self._workflow_task()
        for number in range(1, rounds + 1):
            scheduled = self._event("ACTIVITY_TASK_SCHEDULED", activity_id=str(number))
            activity = scheduled.activity_task_scheduled_event_attributes
            activity.activity_type.name = "ship"
            activity.input.CopyFrom(_json(str(number)))
            activity.start_to_close_timeout.seconds = 30
            activity.workflow_task_completed_event_id = self._task
            yield scheduled
            begun = self._event("ACTIVITY_TASK_STARTED", scheduled_event_id=scheduled.event_id, attempt=1)
            yield begun
            done = self._event(
                "ACTIVITY_TASK_COMPLETED", scheduled_event_id=scheduled.event_id, started_event_id=begun.event_id
            )
            done.activity_task_completed_event_attributes.result.CopyFrom(_json(f'"parcel {number}"'))
            yield done
            yield from self._workflow_task()
            yield self._event("WORKFLOW_EXECUTION_SIGNALED", signal_name="approve")
            yield from self._workflow_task()
            timer = self._event("TIMER_STARTED", timer_id=str(number), workflow_task_completed_event_id=self._task)
            timer.timer_started_event_attributes.start_to_fire_timeout.seconds = 3600
            yield timer
            self._at += timedelta(hours=1)
            yield self._event("TIMER_FIRED", timer_id=str(number), started_event_id=timer.event_id)
            yield from self._workflow_task()
        completed = self._event("WORKFLOW_EXECUTION_COMPLETED", workflow_task_completed_event_id=self._task)
        completed.workflow_execution_completed_event_attributes.result.CopyFrom(_json(str(rounds)))
        yield completed

    def _workflow_task(self) -> Iterator[HistoryEvent]:
        scheduled = self._event("WORKFLOW_TASK_SCHEDULED")
        yield scheduled
        started = self._event("WORKFLOW_TASK_STARTED", scheduled_event_id=scheduled.event_id)
        yield started
        done = self._event(
            "WORKFLOW_TASK_COMPLETED", scheduled_event_id=scheduled.event_id, started_event_id=started.event_id
        )
        self._task = done.event_id
        yield done

    def _event(self, kind: str, **attributes: Any) -> HistoryEvent:
        self._id += 1
        self._at += timedelta(milliseconds=7)
        event = HistoryEvent(event_id=self._id, event_type=EventType.Value(f"EVENT_TYPE_{kind}"), task_id=self._id)
        event.event_time.FromDatetime(self._at)
        body = getattr(event, f"{kind.lower()}_event_attributes")
        body.SetInParent()
        for name, value in attributes.items():
            setattr(body, name, value)
        return event


def _json(text: str) -> Payloads:
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=text.encode())])
