"""What a recorded history is read as."""

from collections.abc import Callable

import pytest

from stagedflow.history.runs import Event, Run

Recorded = Callable[[str], Run]


def upto(run: Run, event_type: str, nth: int = 1) -> Run:
    """The run as it was right after its nth event of this type."""
    ids = [e.id for e in run.events if e.type == event_type]
    return Run(run.events[: ids[nth - 1]])


def test_the_four_activities_keep_the_timeouts_that_the_workflow_asked_for(recorded_run: Recorded) -> None:
    assert [(a.type, a.start_to_close, a.outcome) for a in recorded_run("completed").activities] == [
        ("reserve_devices", 45, "completed"),
        ("stage_firmware", 30, "completed"),
        ("flash_firmware", 900, "completed"),
        ("soak_test", 7200, "completed"),
    ]


def test_a_completed_run_has_nothing_open(recorded_run: Recorded) -> None:
    run = recorded_run("completed")
    assert (run.status, run.closed, run.stage, run.completed) == ("completed", True, 3, 4)
    assert (run.gate, run.open_activities, run.open_task) == (None, (), None)
    assert run.workflow_type == "StagedWorkflow"


@pytest.mark.parametrize("gate", [1, 2, 3])
def test_it_is_parked_at_a_gate_once_its_task_is_done_and_not_before(recorded_run: Recorded, gate: int) -> None:
    run = recorded_run("completed")
    activity_done = upto(run, "WORKFLOW_TASK_SCHEDULED", 2 * gate)
    parked = upto(run, "WORKFLOW_TASK_COMPLETED", 2 * gate)
    assert (activity_done.gate, activity_done.reached_gate(gate)) == (None, False)
    assert (parked.gate, parked.reached_gate(gate), parked.reached_gate(gate + 1)) == (gate, True, False)
    assert run.reached_gate(gate)


def test_an_activity_is_open_until_its_end_is_in_history(recorded_run: Recorded) -> None:
    run = recorded_run("completed")
    assert [a.type for a in upto(run, "ACTIVITY_TASK_SCHEDULED", 2).open_activities] == ["stage_firmware"]
    assert upto(run, "ACTIVITY_TASK_COMPLETED", 2).open_activities == ()


def test_after_a_crash_the_task_waits_on_the_sticky_queue_times_out_and_goes_to_the_other_worker(
    recorded_run: Recorded,
) -> None:
    waiting = recorded_run("signalled_after_crash").open_task
    assert waiting and waiting.scheduled.detail["sticky"] and waiting.worker is None
    run = recorded_run("crashed_while_parked")
    lost, retried = run.tasks[2:4]
    assert (lost.outcome, lost.closed and lost.closed.detail["timeout_type"]) == ("timed out", "schedule-to-start")
    assert (retried.outcome, retried.scheduled.detail["sticky"]) == ("completed", False)
    assert run.tasks[0].worker != retried.worker
    assert run.gate == 2


def test_a_failed_task_is_still_open_and_no_gate(recorded_run: Recorded) -> None:
    run = recorded_run("failing_task")
    assert run.events[-1].type == "WORKFLOW_TASK_FAILED"
    assert run.open_task and run.open_task.outcome == "failed"
    assert run.gate is None


def test_each_odd_signal_is_told_with_what_it_does(recorded_run: Recorded) -> None:
    run = recorded_run("odd_signals")
    assert [s.stage for s in run.signals] == [None, -1, None, 1, 1, 99]
    words = [s.trouble for s in run.signals]
    assert words[0] == words[2] == "its argument is no integer, so the worker drops it"
    assert words[1] == "a negative stage changes nothing"
    assert words[3] is None
    assert words[4] == "the stage is 1 already, so it changes nothing"
    assert words[5] == "the last gate is 3: this opens all that are left"
    assert (run.stage, run.status) == (99, "completed")


def signalled(*args: object, name: str = "advance_stage") -> Run:
    """A run with one signal."""
    return Run((Event(1, "WORKFLOW_EXECUTION_SIGNALED", 0.0, {"name": name, "args": args}),))


def test_a_stage_that_was_signalled_below_0_takes_none_back() -> None:
    assert signalled(-1).stage == 0


@pytest.mark.parametrize(("sent", "stage"), [(2, 2), (1.0, 1), (1.5, 1), (True, 1), (False, 0)])
def test_a_number_becomes_the_stage_that_the_sdk_makes_of_it(sent: object, stage: int) -> None:
    assert signalled(sent).signals[0].stage == stage


@pytest.mark.parametrize("sent", ["1", [1], {"stage": 1}, float("inf"), float("nan"), "<cannot be read>"])
def test_what_is_no_number_is_dropped(sent: object) -> None:
    [signal] = signalled(sent).signals
    assert signal.stage is None
    assert signal.trouble and "drops it" in signal.trouble


@pytest.mark.parametrize("args", [(), (None,), (1, 2)])
def test_what_the_handler_cannot_take_is_said_to_fail_the_task(args: tuple[object, ...]) -> None:
    [signal] = signalled(*args).signals
    assert signal.stage is None
    assert signal.trouble and "workflow task fails" in signal.trouble


def test_a_signal_of_another_name_names_no_stage() -> None:
    [signal] = signalled(name="advance_stag").signals
    assert signal.stage is None
    assert signal.trouble and "no handler" in signal.trouble


def test_an_empty_history_is_a_run_that_waits_to_be_read() -> None:
    run = Run(())
    assert (run.status, run.gate, run.stage, run.open_task, run.workflow_type) == ("running", None, 0, None, "")
