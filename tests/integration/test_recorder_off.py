"""A worker whose recorder is switched off."""

from stagedflow import Lab
from tests.integration.story import assert_counts, assert_timeouts, finish, history, start


async def test_without_the_recorder_the_workflow_runs_and_nothing_is_recorded_of_its_activations(lab: Lab) -> None:
    worker = await lab.start_worker("A", record=False)
    assert not worker.records
    handle = await start(lab)
    await finish(lab, handle)
    assert lab.ledger.trace(handle.result_run_id or "").steps == ()
    assert [life.records for life in lab.ledger.lives()] == [False]
    assert_counts(lab)
    assert_timeouts(await history(handle))
