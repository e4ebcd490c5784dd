"""What long use leaves behind: `python -m tests.benchmarks.soak [CYCLES]`.

It crashes workers under panels, and lets 30 panels idle. Nothing may grow with the cycles but the server's memory:
the histories are in it. It takes minutes.
"""

import asyncio
import sys
import threading
import time
from pathlib import Path

import psutil
from ipywidgets.widgets.widget import _instances

from stagedflow import Lab, Rollout, StagedWorkflow, StagePanel
from tests.integration.story import Handle, server_of

CYCLES = 200
SHOWN = 20
PANELS = 30
IDLE_SECONDS = 20
WORK_SECONDS = 40.0
"""Longer than it is watched for, and shorter than the start-to-close of the first activity."""


async def cycles(lab: Lab, number: int) -> None:
    """Start a workflow and a panel, crash its worker, let another one replay it, and close the panel."""
    folder = Path(lab.ledger.path).parent
    print("cycle  kernel MB  server MB  widgets  descriptors  threads  files  folder KB")
    for cycle in range(number + 1):
        if cycle % SHOWN == 0:
            files = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
            print(
                f"{cycle:5}  {_megabytes(psutil.Process()):9.0f}  {_megabytes(psutil.Process(server_of(lab))):9.0f}  "
                f"{len(_instances):7}  {psutil.Process().num_fds():11}  "
                f"{threading.active_count():7}  {len(files):5}  {sum(files) // 1024:9}",
                flush=True,
            )
        if cycle < number:
            await _cycle(lab, cycle)


async def _cycle(lab: Lab, number: int) -> None:
    handle = await _started(lab, f"soak-{number}")
    await lab.until(handle, gate=1)
    panel = StagePanel(lab, handle)
    assert lab.worker
    await lab.worker.crash()
    await lab.skip_sticky_wait(handle)
    await lab.start_worker()
    for stage in (1, 2, 3):
        await lab.until(handle, gate=stage)
        await handle.signal(StagedWorkflow.advance_stage, stage)
    await handle.result()
    panel.close()


async def _started(lab: Lab, id: str, *, work_seconds: float = 0.01) -> Handle:
    if lab.worker is None or not lab.worker.alive:
        await lab.start_worker()
    return await lab.client.start_workflow(
        StagedWorkflow.run, Rollout(work_seconds=work_seconds), id=id, task_queue=lab.task_queue
    )


async def idle(lab: Lab) -> None:
    """30 open panels while nothing comes: at a gate, with the worker dead, and while their activities run."""
    parked = [await _started(lab, f"parked-{n}") for n in range(PANELS)]
    for handle in parked:
        await lab.until(handle, gate=1)
    panels = [StagePanel(lab, handle) for handle in parked]
    await _quiet("30 panels at a gate")
    assert lab.worker
    await lab.worker.crash()
    await _quiet("30 panels at a gate, the worker dead")
    for panel in panels:
        panel.close()
    at_work = [await _started(lab, f"at-work-{n}", work_seconds=WORK_SECONDS) for n in range(PANELS)]
    panels = [StagePanel(lab, handle) for handle in at_work]
    await _quiet(f"{PANELS} panels, each with an activity that runs")
    for panel in panels:
        panel.close()


async def _quiet(what: str) -> None:
    await asyncio.sleep(5)
    before, began = psutil.Process().cpu_times(), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    after, passed = psutil.Process().cpu_times(), time.monotonic() - began
    used = after.user + after.system - before.user - before.system
    print(f"{what}: {used / passed:.2%} of a core (goal: under 1 %)", flush=True)


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


async def main(number: int) -> None:
    """Measure and print."""
    async with await Lab.start() as lab:
        await cycles(lab, number)
        await idle(lab)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else CYCLES))
