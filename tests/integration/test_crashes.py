"""Real SIGKILL of the worker that runs the real StagedWorkflow, at every kind of moment."""

import os
import signal

import pytest

from stagedflow import Lab
from tests.integration.story import (
    START_TO_CLOSE,
    assert_counts,
    assert_replayed,
    assert_timeouts,
    finish,
    history,
    parked,
    start,
    watching,
)


async def test_while_parked(lab: Lab) -> None:
    dead = await lab.start_worker("A")
    handle = await parked(lab)
    await dead.crash()
    assert dead.state == "crashed"
    await lab.skip_sticky_wait(handle)
    alive = await lab.start_worker("B")
    await finish(lab, handle)
    assert_counts(lab)
    assert_timeouts(await history(handle))
    assert_replayed(lab, handle, dead.pid, alive.pid)


@pytest.mark.parametrize("number", range(4))
async def test_inside_an_activity(lab: Lab, number: int) -> None:
    name = list(START_TO_CLOSE)[number]
    for work_seconds in (0.5, 2, 8, 32):  # on a busy machine, a short activity may complete before the worker is killed
        dead = await lab.start_worker("A")
        if number:
            handle = await parked(lab, gate=number, work_seconds=work_seconds)
            await handle.signal("advance_stage", number)
        else:
            handle = await start(lab, work_seconds=work_seconds)
        await lab.until(handle, started=name)
        await dead.crash()
        if not lab.ledger.activity_counts(handle.id)[name].completed:
            break

    await lab.shorten_start_to_close(handle, seconds=2 * work_seconds + 1)  # the next attempt has no longer
    await lab.skip_sticky_wait(handle)  # or its result would lie on the dead worker's queue
    alive = await lab.start_worker("B")
    await lab.until(handle, started=name, attempt=2)
    await lab.until(handle, completed=name)
    await finish(lab, handle, passed=number)

    run = await history(handle)
    assert_counts(lab, twice=name)
    assert_timeouts(run)
    assert [a.started and a.started.detail["attempt"] for a in run.activities] == [1 + (n == number) for n in range(4)]
    assert_replayed(lab, handle, dead.pid, alive.pid)
    assert [a.pid for a in lab.ledger.attempts(handle.result_run_id or "") if a.activity_type == name] == [
        dead.pid,
        alive.pid,
    ]


async def test_before_the_first_task(lab: Lab) -> None:
    dead = await lab.start_worker("A")
    await dead.crash()
    handle = await start(lab)
    async with watching(lab, handle) as watch:
        facts = await watch.until(lambda f: bool(f.run.tasks))
        assert facts.waits_for().kind == "worker"
        assert "Start one" in facts.waits_for().text
    alive = await lab.start_worker("B")
    await finish(lab, handle)
    assert_counts(lab)
    assert_timeouts(await history(handle))
    assert_replayed(lab, handle, alive.pid)


async def test_with_a_workflow_task_started(lab: Lab) -> None:
    """A frozen worker is handed the task, and is killed with it: only the workflow task timeout finds out."""
    dead = await lab.start_worker("A")
    handle = await parked(lab)
    os.kill(dead.pid, signal.SIGSTOP)
    await handle.signal("advance_stage", 1)
    async with watching(lab, handle) as watch:
        await watch.until(lambda f: bool(f.run.open_task and f.run.open_task.started))
        await dead.crash()
        alive = await lab.start_worker("B")
        facts = await watch.until(lambda f: f.waits_for().deadline is not None)
        task = facts.run.tasks[-1]
        found = facts.waits_for()
        assert found.kind == "task" and f"(pid {dead.pid})" in found.text
        await watch.until(lambda f: f.run.reached_gate(2))
    run = await history(handle)
    lost = next(t for t in run.tasks if t.scheduled.id == task.scheduled.id)
    assert lost.started and lost.closed and found.deadline
    assert (lost.outcome, lost.closed.detail["timeout_type"]) == ("timed out", "start-to-close")
    assert found.deadline == pytest.approx(lost.started.at + 10, abs=0.1)
    assert lost.closed.at > found.deadline - 0.5  # the server is never early; a busy one is late
    await finish(lab, handle, passed=1)
    assert_counts(lab)
    assert_timeouts(await history(handle))
    assert_replayed(lab, handle, dead.pid, alive.pid)


async def test_twice_in_a_row(lab: Lab) -> None:
    pids = []
    handle = None
    for gate in (1, 2):
        worker = await lab.start_worker()
        pids.append(worker.pid)
        handle = handle or await start(lab)
        if gate > 1:
            await handle.signal("advance_stage", gate - 1)
        await lab.until(handle, gate=gate)
        await worker.crash()
        await lab.skip_sticky_wait(handle)
    last = await lab.start_worker()
    assert handle
    await finish(lab, handle, passed=1)
    assert_counts(lab)
    assert_timeouts(await history(handle))
    assert_replayed(lab, handle, *pids, last.pid)
    assert [life.how for life in lab.ledger.lives()] == ["crashed", "crashed", None]


async def test_of_one_of_two_workers(lab: Lab) -> None:
    workers = {f"{w.name}@{w.pid}": w for w in (await lab.start_worker("A"), await lab.start_worker("B"))}
    handle = await parked(lab)
    dead = workers.pop((await history(handle)).tasks[-1].worker or "")
    [alive] = workers.values()
    before = lab.ledger.trace(handle.result_run_id or "").workers
    assert before == (dead.pid,)
    await dead.crash()
    await lab.skip_sticky_wait(handle)
    await finish(lab, handle)
    assert (dead.state, alive.state) == ("crashed", "running")
    assert_counts(lab)
    assert_timeouts(await history(handle))
    assert_replayed(lab, handle, dead.pid, alive.pid)


async def test_a_graceful_stop_is_no_crash(lab: Lab) -> None:
    """The server is told, so the next worker has the task at once, and nothing is run twice."""
    first = await lab.start_worker("A")
    handle = await parked(lab)
    await first.stop()
    assert first.state == "stopped"
    second = await lab.start_worker("B")
    await finish(lab, handle)
    run = await history(handle)
    assert "timed out" not in {t.outcome for t in run.tasks}
    assert_counts(lab)
    assert_replayed(lab, handle, first.pid, second.pid)
