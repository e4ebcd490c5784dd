"""Commands are matched with events as the SDK does it: in one queue, whichever workflow task an event belongs to."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow

from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import ReplayTrace
from tests.unit.handmade import HandMade

SOON = timedelta(seconds=10)


@workflow.defn(name="Races")
class LocalThenChild:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("look", start_to_close_timeout=SOON)
        await workflow.start_child_workflow("Kid", id="kid")
        await workflow.sleep(1)


@workflow.defn(name="Races")
class ActivityAdded:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("look", start_to_close_timeout=SOON)
        await workflow.start_child_workflow("Kid", id="kid")
        await workflow.execute_activity("pack", start_to_close_timeout=SOON)
        await workflow.sleep(1)


@workflow.defn(name="Races")
class TimerFirst:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("look", start_to_close_timeout=SOON)
        await workflow.sleep(1)
        await workflow.start_child_workflow("Kid", id="kid")


@workflow.defn(name="Races")
class OneNumber:
    """A local activity, a child workflow and a signal to another, all of them the first of their kind."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_local_activity("look", start_to_close_timeout=SOON)
        await workflow.get_external_workflow_handle("other").signal("hello")
        await workflow.execute_child_workflow("Kid", id="kid")


def race(**options: Any) -> HandMade:
    """The local activity outlasts its workflow task: its marker goes with that one, the child with the next."""
    made = HandMade("Races", **options)
    made.task()
    made.local(1, "look")
    made.task()
    made.child("kid", "Kid")
    made.task()
    started = made.timer(1)
    made.fired(started, 1)
    made.task()
    made.completed()
    return made


async def replayed(cls: type, made: HandMade) -> ReplayTrace:
    return await record_replay(made.history, workflows=[cls])


def events_of(trace: ReplayTrace) -> list[tuple[str, int | None]]:
    return [(command.kind, command.event_id) for step in trace.steps for command in step.commands]


def jobs_of(trace: ReplayTrace) -> list[tuple[str, int | None]]:
    return [(job.kind, job.event_id) for step in trace.steps for job in step.jobs]


FITS = [
    ("schedule_local_activity", 5),
    ("start_child_workflow_execution", 9),
    ("start_timer", 14),
    ("complete_workflow_execution", 19),
]


async def test_what_follows_a_local_activity_may_be_made_by_the_next_workflow_task() -> None:
    trace = await replayed(LocalThenChild, race())
    assert trace.failure is None
    assert events_of(trace) == FITS
    assert ("resolve_child_workflow_execution_start", 10) in jobs_of(trace)


@pytest.mark.parametrize(
    ("cls", "kind", "event", "says"),
    [
        (ActivityAdded, "schedule_activity", 14, "At event 14 history has the timer of 1 s (TIMER_STARTED), but this "
         "code scheduled the activity pack at line {} of test_order_of_commands.py instead."),
        (TimerFirst, "start_timer", 9, "This code started a timer of 1 s at line {} of test_order_of_commands.py, "
         "which history holds only later: its next one is the child workflow Kid kid"),
    ],
)  # fmt: skip
async def test_the_command_that_parts_is_named_and_no_other(cls: type, kind: str, event: int, says: str) -> None:
    failure = (await replayed(cls, race())).failure
    assert failure is not None and failure.actual is not None and failure.expected is not None
    assert (failure.actual.kind, failure.expected.id) == (kind, event)
    assert failure.text.startswith(says.format(failure.actual.line))


async def test_a_history_of_the_time_skipping_server_is_linked_as_any_other() -> None:
    usual, skipping = race(), race(time_skipping=True)
    assert skipping.events[3]["workflowTaskCompletedEventAttributes"].get("startedEventId") is None
    assert skipping.events[4]["markerRecordedEventAttributes"]["workflowTaskCompletedEventId"] == 3
    trace = await replayed(LocalThenChild, skipping)
    assert trace.failure is None
    assert events_of(trace) == FITS
    assert jobs_of(trace) == jobs_of(await replayed(LocalThenChild, usual))
    for edit in (ActivityAdded, TimerFirst):
        assert (await replayed(edit, skipping)).failure == (await replayed(edit, usual)).failure


async def test_a_task_that_an_event_names_and_history_lacks_takes_no_diagnosis_away() -> None:
    made = race()
    made.events[13]["timerStartedEventAttributes"]["workflowTaskCompletedEventId"] = "99"
    assert events_of(await replayed(LocalThenChild, made)) == FITS
    assert (await replayed(ActivityAdded, made)).failure == (await replayed(ActivityAdded, race())).failure


async def test_a_local_activity_a_signal_and_a_child_with_one_number_have_each_its_own_event() -> None:
    made = HandMade("Races")
    made.task()
    made.local(1, "look")
    about = {"workflowExecution": {"workflowId": "other"}, "signalName": "hello"}
    sent = made.made("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", **about)
    delivered = made.add("EXTERNAL_WORKFLOW_EXECUTION_SIGNALED", initiatedEventId=sent, **about)
    made.task()
    child = made.child("kid", "Kid")
    kid = {"workflowExecution": {"workflowId": "kid", "runId": "another-run"}, "workflowType": {"name": "Kid"}}
    made.task()
    ended = made.add("CHILD_WORKFLOW_EXECUTION_COMPLETED", initiatedEventId=child, startedEventId=child + 1, **kid)
    made.task()
    made.completed()
    trace = await replayed(OneNumber, made)
    assert trace.failure is None
    assert jobs_of(trace) == [
        ("initialize_workflow", 1),
        ("resolve_activity", 5),
        ("resolve_signal_external_workflow", delivered),
        ("resolve_child_workflow_execution_start", child + 1),
        ("resolve_child_workflow_execution", ended),
    ]
    assert len({event for _, event in events_of(trace)}) == 4


@workflow.defn(name="Ages")
class OtherName:
    """Another activity, and much later a timer that is gone."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity("unpack", start_to_close_timeout=SOON)
        await workflow.execute_activity("ship", start_to_close_timeout=SOON)


@pytest.mark.parametrize(("flags", "event"), [([], 11), ([1], 5)])
async def test_names_are_compared_only_where_the_worker_that_wrote_history_did(flags: list[int], event: int) -> None:
    """Those of older releases compared kinds alone: the SDK accepts another name there, and parts at what follows."""
    made = HandMade("Ages", flags=flags)
    made.task()
    made.ended(made.activity(1, "pack"))
    made.task()
    made.timer(1)
    made.task()
    failure = (await replayed(OtherName, made)).failure
    assert failure is not None and failure.expected is not None
    assert failure.expected.id == event
