"""What a workflow waits for, in words and with a deadline, at each moment of recorded histories."""

from collections.abc import Callable, Sequence

import pytest

from stagedflow.history.runs import Run
from stagedflow.history.waiting import PendingActivity, WaitsFor, waits_for
from stagedflow.replay.trace import WorkerLife

Recorded = Callable[[str], Run]
NOW = 1_000.0


def life(identity: str, how: str | None = None) -> WorkerLife:
    name, _, pid = identity.partition("@")
    return WorkerLife(name, int(pid), 0.0, None if how is None else NOW, how, records=True)


def first_worker(run: Run, how: str | None = None) -> WorkerLife:
    return life(run.tasks[0].worker or "", how)


def waiting(
    run: Run, lives: Sequence[WorkerLife], pending: Sequence[PendingActivity] = (), now: float = NOW
) -> WaitsFor:
    return waits_for(run, pending, lives, sticky_seconds=10.0, now=now)


def cut(run: Run, event_type: str, nth: int) -> Run:
    ids = [e.id for e in run.events if e.type == event_type]
    return Run(run.events[: ids[nth - 1]])


def test_parked_it_waits_for_the_signal_of_its_gate(recorded_run: Recorded) -> None:
    run = recorded_run("crashed_while_parked")
    alive = waiting(run, [life("B@1")])
    assert (alive.kind, alive.deadline) == ("gate", None)
    assert "gate 2" in alive.text and "No worker" not in alive.text
    assert "No worker runs" in waiting(run, [life("B@1", "crashed")]).text


def test_a_task_on_a_dead_workers_sticky_queue_has_the_queues_deadline(recorded_run: Recorded) -> None:
    run = recorded_run("signalled_after_crash")
    dead = first_worker(run, "crashed")
    found = waiting(run, [dead])
    scheduled = run.tasks[-1].scheduled.at
    assert found.kind == "sticky"
    assert found.deadline == scheduled + 10
    assert f"(pid {dead.pid})" in found.text and "crashed" in found.text and "No worker runs" in found.text
    assert found.seconds_left(scheduled + 4) == pytest.approx(6)
    assert found.seconds_left(scheduled + 40) == 0
    assert "No worker runs" not in waiting(run, [dead, life("B@1")]).text


def test_a_task_on_a_living_workers_sticky_queue_has_no_deadline(recorded_run: Recorded) -> None:
    run = recorded_run("signalled_after_crash")
    found = waiting(run, [first_worker(run)])
    assert (found.kind, found.deadline) == ("sticky", None)


def test_a_task_that_a_worker_had_begun_when_it_died_has_the_task_timeout(recorded_run: Recorded) -> None:
    run = cut(recorded_run("completed"), "WORKFLOW_TASK_STARTED", 3)
    found = waiting(run, [first_worker(run, "crashed")])
    assert found.kind == "task"
    assert found.deadline == run.events[-1].at + 10
    assert waiting(run, [first_worker(run)]).deadline is None


def test_a_task_on_the_normal_queue_waits_for_any_worker(recorded_run: Recorded) -> None:
    run = cut(recorded_run("completed"), "WORKFLOW_TASK_SCHEDULED", 1)
    assert "no worker runs. Start one" in waiting(run, []).text
    assert waiting(run, [life("A@1")]).text == "a worker to take its workflow task from the task queue"


def test_a_failing_task_is_told_with_its_message(recorded_run: Recorded) -> None:
    run = recorded_run("failing_task")
    found = waiting(run, [first_worker(run)])
    assert found.kind == "task"
    assert "failed and is tried again" in found.text and "NoneType" in found.text
    assert "Start one" in waiting(run, [first_worker(run, "crashed")]).text


def test_a_task_that_timed_out_is_no_gate(recorded_run: Recorded) -> None:
    run = cut(recorded_run("crashed_while_parked"), "WORKFLOW_TASK_TIMED_OUT", 1)
    assert waiting(run, [first_worker(run, "crashed")]).kind == "worker"


def test_an_activity_whose_worker_died_waits_for_start_to_close(recorded_run: Recorded) -> None:
    run = cut(recorded_run("completed"), "ACTIVITY_TASK_SCHEDULED", 2)
    worker = first_worker(run, "crashed")
    running = PendingActivity(
        run.open_activities[0].activity_id, "stage_firmware", "started", 1, 500.0, 30.0, f"{worker.name}@{worker.pid}"
    )
    dead = waiting(run, [worker], [running])
    assert (dead.kind, dead.deadline) == ("activity", 530.0)
    assert "crashed" in dead.text and "stage_firmware, attempt 1" in dead.text
    assert "at work on worker" in waiting(run, [first_worker(run)], [running]).text


def test_the_next_attempt_is_told_with_its_time(recorded_run: Recorded) -> None:
    run = cut(recorded_run("completed"), "ACTIVITY_TASK_SCHEDULED", 2)
    scheduled = PendingActivity(
        run.open_activities[0].activity_id, "stage_firmware", "scheduled", 2, NOW + 3, 30.0, "", "start-to-close"
    )
    retry = waiting(run, [], [scheduled])
    assert (retry.kind, retry.deadline) == ("retry", NOW + 3)
    assert "none runs. Start one" in waiting(run, [], [scheduled], now=NOW + 4).text
    assert "to take activity" in waiting(run, [life("B@1")], [scheduled], now=NOW + 4).text


def test_a_run_that_has_ended_waits_for_nothing(recorded_run: Recorded) -> None:
    assert waiting(recorded_run("completed"), []) == WaitsFor("nothing: the workflow has completed", kind="closed")


def test_a_history_that_has_not_come_is_said_so() -> None:
    assert waiting(Run(()), []).kind == "start"
