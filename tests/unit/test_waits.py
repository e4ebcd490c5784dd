"""Which waits workers were killed in, read off a trace, and the table of them."""

from dataclasses import replace

import pytest

from stagedflow.replay.trace import Command, Job, ReplayStep, ReplayTrace, TraceEvent, Waiting, WorkerLife
from waits import Wait, until_waiting, wait_table, waits_of

START = Job("initialize_workflow", "start W", 1)
WANTED = {"condition": "section 1", "child start": "section 2", "timer": "section 1"}


def step(worker: int, job: Job, *, waits_for: str = "", command: str = "", replaying: bool = False) -> ReplayStep:
    return ReplayStep(
        0,
        replaying,
        jobs=(job,),
        waiting=(Waiting(waits_for, waits_for),) if waits_for else (),
        commands=(Command(command, command),) if command else (),
        worker=worker,
    )


def trace(*, first: str = "crashed", end: str = "WORKFLOW_EXECUTION_COMPLETED") -> ReplayTrace:
    """Worker 1 ends at a condition, worker 2 is killed at a timer, worker 3 completes."""
    signal, fired = Job("signal_workflow", "signal", 5), Job("fire_timer", "timer", 7)
    types = {1: "WORKFLOW_EXECUTION_STARTED", 5: "WORKFLOW_EXECUTION_SIGNALED", 7: "TIMER_FIRED", 9: end}
    return ReplayTrace.of(
        [
            step(1, START, waits_for="condition"),
            step(2, START, waits_for="condition", replaying=True),
            step(2, signal, waits_for="timer", command="start_timer"),
            step(3, START, waits_for="condition", replaying=True),
            step(3, signal, waits_for="timer", command="start_timer", replaying=True),
            step(3, fired, command="complete_workflow"),
        ],
        events=tuple(TraceEvent(id, type) for id, type in types.items()),
        lives=(
            WorkerLife("A", 1, 0, 1, first, True),
            WorkerLife("B", 2, 1, 2, "crashed", True),
            WorkerLife("C", 3, 2, None, None, True),
        ),
    )


CONDITION = Wait("condition", "none", "WORKFLOW_EXECUTION_SIGNALED")
TIMER = Wait("timer", "start_timer", "TIMER_FIRED")


def test_a_wait_is_told_with_its_command_and_with_the_event_that_ended_it() -> None:
    assert waits_of(trace()) == (CONDITION, TIMER)


@pytest.mark.parametrize("how", ["stopped", "failed", None])
def test_a_worker_that_was_not_killed_makes_no_row(how: str) -> None:
    assert waits_of(trace(first=how)) == (TIMER,)


def test_a_run_that_has_not_completed_makes_no_row() -> None:
    assert waits_of(trace(end="WORKFLOW_EXECUTION_TERMINATED")) == ()
    assert waits_of(replace(trace(), events=())) == ()


def test_the_table_is_in_the_wanted_order_and_says_what_is_missing_and_what_to_run() -> None:
    table = wait_table([trace(first="stopped"), trace()], WANTED)
    assert table.rows == (CONDITION, TIMER)
    assert table.missing == ("child start",)
    for shown in (repr(table), table._repr_html_()):
        assert "A worker was killed in each of these 2 waits, and each of their runs completed." in shown
        assert "Missing: child start. No worker was killed there. Run section 2 again, then this cell." in shown


def test_what_is_missing_of_one_section_is_said_once() -> None:
    said = repr(wait_table([], WANTED))
    assert "Missing: condition, timer. No worker was killed there. Run section 1 again" in said
    assert "each of these" not in said


def test_a_table_with_nothing_missing_says_so_by_silence() -> None:
    assert "Missing" not in repr(wait_table([trace()], {"condition": "1", "timer": "1"}))


class Recorded:
    """A lab whose workers have recorded these traces, one after the other."""

    def __init__(self, *traces: ReplayTrace) -> None:
        self.traces = list(traces)

    async def trace(self, handle: object) -> ReplayTrace:
        return self.traces.pop(0) if len(self.traces) > 1 else self.traces[0]


async def test_a_wait_counts_once_a_worker_has_recorded_it_live_and_told_the_server() -> None:
    untold = trace()
    told = (*untold.events[:2], TraceEvent(6, "WORKFLOW_TASK_COMPLETED"))
    whole = replace(untold, events=told)
    replayed = replace(whole, steps=(whole.steps[1], whole.steps[4]))
    earlier = replace(whole, events=(TraceEvent(4, "WORKFLOW_TASK_COMPLETED"),))
    lab = Recorded(ReplayTrace(), untold, replayed, earlier, whole)
    await until_waiting(lab, None, "timer", timeout=60)  # type: ignore[arg-type]
    assert lab.traces == [whole]


async def test_a_wait_that_does_not_come_ends_at_the_deadline() -> None:
    with pytest.raises(TimeoutError):
        await until_waiting(Recorded(trace()), None, "activity", timeout=0.2)  # type: ignore[arg-type]
