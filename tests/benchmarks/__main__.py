"""What the kit costs beside the bare SDK: `python -m tests.benchmarks` (or `make bench`).

Medians of runs that alternate within one process, so that both sides meet the same machine. Nothing here fails on a
figure: a busy machine is no defect.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.testing import WorkflowEnvironment

from stagedflow import Lab, Rollout, StagedWorkflow, StagePanel
from stagedflow.lab.server import find_server
from tests.benchmarks import promises, redraws, replays

STARTS = 7
SIGNALS = 20
GOAL = 1.5


async def bare_start() -> Callable[[], Awaitable[None]]:
    """The SDK's own start of the same server, Web UI included."""
    env = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_server()), dev_server_log_level="error",
        dev_server_extra_args=["--output", "none"], ui=True,
    )  # fmt: skip
    return env.shutdown


async def lab_start() -> Callable[[], Awaitable[None]]:
    """The same by the lab: guarded against orphaning, with its ledger."""
    return (await Lab.start()).close


async def seconds_to(start: Callable[[], Awaitable[Callable[[], Awaitable[None]]]]) -> float:
    began = time.perf_counter()
    end = await start()
    taken = time.perf_counter() - began
    await end()
    return taken


async def seconds_to_panel() -> list[float]:
    """From a signal's acknowledgement to the panel's track showing its gate open, as the browser is sent it."""
    taken: list[float] = []
    async with await Lab.start() as lab:
        await lab.start_worker()
        for number in range(SIGNALS):
            handle = await lab.client.start_workflow(
                StagedWorkflow.run, Rollout(work_seconds=0.1), id=f"panel-{number}", task_queue=lab.task_queue
            )
            panel = StagePanel(lab, handle)
            await lab.until(handle, gate=1)
            loop, shown = asyncio.get_running_loop(), asyncio.Event()

            def look(change: Any, loop: asyncio.AbstractEventLoop = loop, shown: asyncio.Event = shown) -> None:
                if "gate 1</b><small>open" in change.new:
                    loop.call_soon_threadsafe(shown.set)

            panel._areas["track"].observe(look, "value")
            await handle.signal(StagedWorkflow.advance_stage, 1)
            began = time.perf_counter()
            await asyncio.wait_for(shown.wait(), 10)
            taken.append(time.perf_counter() - began)
            panel.close()
    return taken


async def main() -> None:
    """Measure and print."""
    starts: dict[str, list[float]] = {"bare": [], "lab": []}
    for _ in range(STARTS + 1):
        starts["bare"].append(await seconds_to(bare_start))
        starts["lab"].append(await seconds_to(lab_start))
    bare, lab = (statistics.median(starts[name][1:]) for name in ("bare", "lab"))  # the first one warms up
    print(f"WorkflowEnvironment.start_local  {bare * 1000:6.0f} ms")
    print(f"Lab.start                        {lab * 1000:6.0f} ms")
    print(f"ratio                            {lab / bare:6.2f}    (goal: at most {GOAL})")

    shown = await seconds_to_panel()
    print(f"signal to panel, median          {statistics.median(shown) * 1000:6.0f} ms")
    print(f"signal to panel, slowest of {SIGNALS:<3}  {max(shown) * 1000:6.0f} ms    (goal: under 300 ms)")
    await redraws.measure()
    await replays.measure()
    await asyncio.to_thread(promises.measure)


if __name__ == "__main__":
    asyncio.run(main())
