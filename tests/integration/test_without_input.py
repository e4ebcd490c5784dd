"""The staged workflow started as the shortest sketch of it would: without an argument."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from stagedflow import Lab, StagedWorkflow


async def by_client(lab: Lab, _: Path) -> None:
    """Through Temporal's own client."""
    await lab.client.start_workflow(StagedWorkflow.run, id="bare", task_queue=lab.task_queue)


async def by_cli(lab: Lab, binary: Path) -> None:
    """Through Temporal's command line."""
    start = [
        str(binary), "workflow", "start", "--type", "StagedWorkflow", "--workflow-id", "bare",
        "--task-queue", lab.task_queue, "--address", lab.client.service_client.config.target_host,
        "--env-file", os.devnull,
    ]  # fmt: skip
    done = await asyncio.to_thread(subprocess.run, start, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("start", [by_client, by_cli])
async def test_a_workflow_started_without_input_runs_the_default_rollout(
    start: Callable[[Lab, Path], Awaitable[None]], lab: Lab, server_binary: Path
) -> None:
    await lab.start_worker()
    await start(lab, server_binary)
    handle = lab.client.get_workflow_handle_for(StagedWorkflow.run, "bare")
    for stage in (1, 2, 3):
        await lab.until(handle, gate=stage, timeout=300)
        await handle.signal(StagedWorkflow.advance_stage, stage)
    assert await handle.result() == "gateways healthy"
