"""How long the next event takes after a crash, and what the kit says meanwhile."""

import asyncio

import pytest

from stagedflow import Lab
from stagedflow.history.runs import Run
from tests.integration.story import Handle, finish, history, parked, watching


async def answered(lab: Lab, handle: Handle) -> tuple[Run, float]:
    """The run once its signal has been taken up, and the seconds from the signal to the event after its task."""
    async with watching(lab, handle) as watch:
        run = (await watch.until(lambda f: len(f.run.signals) == 1 and f.run.reached_gate(2))).run
    signal = run.signals[0].event
    task = next(t for t in run.tasks if t.scheduled.id > signal.id)
    following = run.events[task.scheduled.id]
    return run, following.at - signal.at


async def test_after_skip_sticky_wait_the_signal_waits_for_no_timeout(lab: Lab) -> None:
    dead = await lab.start_worker("A")
    handle = await parked(lab)
    await dead.crash()
    await lab.skip_sticky_wait(handle)
    await lab.start_worker("B")
    await handle.signal("advance_stage", 1)
    run, _ = await answered(lab, handle)
    assert "timed out" not in {t.outcome for t in run.tasks}
    await finish(lab, handle, passed=1)


async def test_without_it_the_sticky_queue_holds_the_signal_for_ten_seconds_and_the_countdown_says_so(
    lab: Lab,
) -> None:
    workers = {f"{w.name}@{w.pid}": w for w in (await lab.start_worker("A"), await lab.start_worker("B"))}
    handle = await parked(lab)
    dead = workers.pop((await history(handle)).tasks[-1].worker or "")
    await dead.crash()
    await handle.signal("advance_stage", 1)
    async with watching(lab, handle) as watch:
        found = (await watch.until(lambda f: f.run.open_task is not None)).waits_for()
    assert found.kind == "sticky"
    assert "No worker runs" not in found.text
    assert f"worker {dead.name} (pid {dead.pid}), which crashed" in found.text
    run, seconds = await answered(lab, handle)
    assert seconds > 9
    lost = next(t for t in run.tasks if t.outcome == "timed out")
    assert lost.closed and lost.closed.detail["timeout_type"] == "schedule-to-start"
    assert found.deadline == pytest.approx(lost.scheduled.at + 10, abs=0.1)
    assert lost.closed.at > found.deadline - 0.5  # the server is never early; a busy one is late
    await finish(lab, handle, passed=1)


async def test_a_query_replays_everything_and_the_signal_after_it_goes_live_without_replay(lab: Lab) -> None:
    """Why nothing of the kit queries: it would use up the replay that it is there to show."""
    dead = await lab.start_worker("A")
    handle = await parked(lab)
    await dead.crash()
    await lab.skip_sticky_wait(handle)
    alive = await lab.start_worker("B")
    run_id = handle.result_run_id or ""
    async with watching(lab, handle) as watch:
        await watch.until(lambda f: f.waits_for().kind == "gate")
        await asyncio.wait_for(lab.describe(handle), 10)
        assert lab.ledger.trace(run_id).workers == (dead.pid,)  # following it made nobody replay
        assert await handle.query("current_stage") == 0
        queried = (await watch.until(lambda f: any(s.query for s in f.trace.by(alive.pid)))).trace.by(alive.pid)
        assert all(s.is_replaying or s.query for s in queried)
        await handle.signal("advance_stage", 1)
        await watch.until(lambda f: f.run.reached_gate(2) and any(s.is_live for s in f.trace.by(alive.pid)))
    replayed = [s.index for s in lab.ledger.trace(run_id).by(alive.pid) if s.is_replaying]
    assert replayed == [s.index for s in queried if s.is_replaying]
    assert (await history(handle)).gate == 2
