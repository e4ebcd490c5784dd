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


async def test_after_skip_sticky_wait_the_signal_is_answered_within_half_a_second(lab: Lab) -> None:
    dead = await lab.start_worker("A")
    handle = await parked(lab)
    await dead.crash()
    await lab.skip_sticky_wait(handle)
    await lab.start_worker("B")
    await handle.signal("advance_stage", 1)
    run, seconds = await answered(lab, handle)
    assert seconds < 0.5
    assert "timed out" not in {t.outcome for t in run.tasks}
    await finish(lab, handle, passed=1)


async def test_without_it_the_sticky_queue_holds_the_signal_for_ten_seconds_and_the_countdown_says_so(
    lab: Lab,
) -> None:
    dead = await lab.start_worker("A")
    handle = await parked(lab)
    await dead.crash()
    await handle.signal("advance_stage", 1)
    async with watching(lab, handle) as watch:
        alone = (await watch.until(lambda f: f.run.open_task is not None)).waits_for()
        await lab.start_worker("B")
        found = (await watch.until(lambda f: len(f.lives) == 2)).waits_for()
    assert alone.kind == found.kind == "sticky"
    assert "No worker runs" in alone.text and "No worker runs" not in found.text
    assert f"worker A (pid {dead.pid}), which crashed" in found.text
    run, seconds = await answered(lab, handle)
    assert 9 < seconds < 11
    lost = next(t for t in run.tasks if t.outcome == "timed out")
    assert lost.closed and lost.closed.detail["timeout_type"] == "schedule-to-start"
    assert found.deadline == pytest.approx(lost.closed.at, abs=0.5)
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
