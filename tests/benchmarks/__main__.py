"""What the kit costs beside the bare SDK: `python -m tests.benchmarks` (or `make bench`).

Medians of runs that alternate within one process, so that both sides meet the same machine. Nothing here fails on a
figure: a busy machine is no defect.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow import Lab, StagedWorkflow
from stagedflow.replay.recorder import RecordingRunner
from stagedflow.server import find_server

STARTS = 7
REPLAYS = 40
GOAL = 1.5
HISTORY = Path(__file__).parents[1] / "fixtures" / "completed.json"


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


async def seconds_to_replay(runner: WorkflowRunner) -> float:
    replayer = Replayer(workflows=[StagedWorkflow], workflow_runner=runner)
    history = WorkflowHistory.from_json("benchmark", HISTORY.read_text())
    began = time.perf_counter()
    await replayer.replay_workflow(history)
    return time.perf_counter() - began


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

    replays: dict[str, list[float]] = {"plain": [], "recorded": []}
    for _ in range(REPLAYS + 1):
        replays["plain"].append(await seconds_to_replay(SandboxedWorkflowRunner()))
        recording = RecordingRunner(SandboxedWorkflowRunner(), lambda *_: None)
        replays["recorded"].append(await seconds_to_replay(recording))
    plain, recorded = (statistics.median(replays[name][1:]) for name in ("plain", "recorded"))
    print(f"replay, plain                    {plain * 1000:6.1f} ms")
    print(f"replay, recorded                 {recorded * 1000:6.1f} ms")
    print(f"ratio                            {recorded / plain:6.2f}")


if __name__ == "__main__":
    asyncio.run(main())
