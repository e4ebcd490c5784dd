"""`stagedflow replay` on a history that the Temporal CLI exported from a running dev server."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.client import WorkflowHandle

from stagedflow import Lab, LabError, Rollout, StagedWorkflow, record_replay

EDITED = '''
from stagedflow.staged import *
from temporalio import workflow

@workflow.defn(name="StagedWorkflow")
class Hasty:
    """It does not wait for the handshake."""

    @workflow.run
    async def run(self, rollout: Rollout) -> None:
        await workflow.execute_activity(reserve_devices, rollout, start_to_close_timeout=timedelta(seconds=45))
        await workflow.execute_activity(flash_firmware, rollout, start_to_close_timeout=timedelta(minutes=15))

    @workflow.signal
    def advance_stage(self, stage: int) -> None:
        """Ignored."""
'''


async def exported(lab: Lab, server_binary: Path, handle: WorkflowHandle[StagedWorkflow, str], to: Path) -> None:
    """What the CLI prints, byte for byte."""
    show = [
        str(server_binary), "workflow", "show", "--workflow-id", handle.id, "--output", "json",
        "--address", lab.client.service_client.config.target_host, "--env-file", os.devnull,
    ]  # fmt: skip
    with to.open("wb") as file:
        done = await asyncio.to_thread(subprocess.run, show, stdout=file, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr


async def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "stagedflow", "replay", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


async def test_a_history_exported_by_the_cli_becomes_a_page(lab: Lab, server_binary: Path, tmp_path: Path) -> None:
    await lab.start_worker()
    handle = await lab.client.start_workflow(
        StagedWorkflow.run, Rollout(work_seconds=0.05), id="exported", task_queue=lab.task_queue
    )
    await lab.until(handle, gate=1)
    await exported(lab, server_binary, handle, tmp_path / "parked.json")
    for stage in (1, 2, 3):
        await lab.until(handle, gate=stage)
        await handle.signal(StagedWorkflow.advance_stage, stage)
    await handle.result()
    await exported(lab, server_binary, handle, tmp_path / "history.json")
    assert len(json.loads((tmp_path / "history.json").read_text())["events"]) == 41

    staged = "stagedflow.staged:StagedWorkflow"
    done = await command(tmp_path, "history.json", "--workflow", staged, "--html", "out.html", "--text")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Replayed: the 41 events fit this code of StagedWorkflow, in 8 steps." in done.stdout
    assert "signal advance_stage(3)" in done.stdout
    page = (tmp_path / "out.html").read_text()
    assert "await workflow.execute_activity(soak_test, rollout" in page
    assert "http://" not in page.replace("http://www.w3.org/", "") and "https://" not in page

    parked = await command(tmp_path, "parked.json", "--workflow", staged)
    assert parked.returncode == 0
    assert "gate 1: wait_condition at" in parked.stdout

    (tmp_path / "edited.py").write_text(EDITED)
    forked = await command(tmp_path, "history.json", "--workflow", "edited:Hasty", "--html", "fork.html")
    assert (forked.returncode, forked.stderr) == (3, "")
    assert "scheduled the activity flash_firmware at line 12 of edited.py" in forked.stdout
    assert (tmp_path / "fork.html").exists()

    of_the_handle = await record_replay(handle, workflows=[StagedWorkflow])
    assert of_the_handle == await record_replay(tmp_path / "history.json", workflows=[StagedWorkflow])


async def test_the_handle_of_a_workflow_that_is_not_there_is_told(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"The history of workflow 'nobody' could not be fetched: .*not found"):
        await record_replay(lab.client.get_workflow_handle("nobody"), workflows=[StagedWorkflow])
