"""The main job in a terminal: run the staged workflow, kill its worker twice, watch it replay, finish."""

import argparse
import asyncio
import time
import uuid
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from stagedflow.errors import LabError
from stagedflow.lab.lab import Lab
from stagedflow.lab.rpc import server_trouble
from stagedflow.lab.worker import WorkerProcess
from stagedflow.replay.recovery import recovery, source_with_marks
from stagedflow.staged import Rollout, StagedWorkflow


class Demo:
    """One telling of the story; every line printed was measured.

    Args:
        lab: The lab.
        work_seconds: How long each activity works.
    """

    def __init__(self, lab: Lab, work_seconds: float) -> None:
        self._lab = lab
        self._work_seconds = work_seconds
        self._began = time.monotonic()

    async def run(self) -> bool:
        """Tell the story; True if everything came out as durable execution promises."""
        lab = self._lab
        self._say(repr(lab))
        first = await lab.start_worker()
        self._say(f"worker {first.name} is up: pid {first.pid}")
        handle = await lab.client.start_workflow(
            StagedWorkflow.run,
            Rollout(work_seconds=self._work_seconds),
            id=f"demo-{uuid.uuid4().hex[:8]}",
            task_queue=lab.task_queue,
        )
        self._say(f"workflow {handle.id} has started: four activities, three gates")
        await lab.until(handle, gate=1, timeout=60 + self._work_seconds)
        self._say("reserve_devices is done; the workflow is parked at gate 1")

        await self._kill(first)
        await self._signal(handle, 1)
        second = await lab.start_worker()
        self._say(
            f"worker {second.name} is up: pid {second.pid}. Up to 10 s of silence: the dead worker's sticky queue"
        )
        await lab.until(handle, gate=2, timeout=60 + self._work_seconds)
        self._say(f"worker {second.name} has replayed and gone on; the workflow is parked at gate 2")
        self._show_replay(handle)

        await self._signal(handle, 2)
        await lab.until(handle, started="flash_firmware")
        self._say("flash_firmware is at work; its start-to-close timeout is 15 min")
        await self._kill(second)
        await lab.skip_sticky_wait(handle)
        await lab.start_worker()
        self._say("nobody would notice for 15 min, so an operator shortens this attempt's timeout to 2 s")
        await lab.shorten_start_to_close(handle, seconds=2 + self._work_seconds)
        await lab.until(handle, gate=3, timeout=60 + self._work_seconds)
        self._say("the second attempt is done; the workflow is parked at gate 3")
        await self._signal(handle, 3)
        self._say(f"result: {await asyncio.wait_for(handle.result(), 60 + self._work_seconds)}")
        return self._judge(handle)

    async def _kill(self, worker: WorkerProcess) -> None:
        await worker.crash()
        self._say(f"kill -9 {worker.pid}: worker {worker.name} {worker.state}")

    async def _signal(self, handle: WorkflowHandle[Any, Any], stage: int) -> None:
        await handle.signal(StagedWorkflow.advance_stage, stage)
        self._say(f"signal advance_stage({stage}): the server has it")

    def _show_replay(self, handle: WorkflowHandle[Any, Any]) -> None:
        trace = self._lab.ledger.trace(handle.result_run_id or "")
        found = recovery(trace, self._lab.ledger.lives())
        if found:
            print(f"\n{found.words()}\n")
            print(source_with_marks(trace, self._lab.ledger.lives()), "\n")

    def _judge(self, handle: WorkflowHandle[Any, Any]) -> bool:
        found = recovery(self._lab.ledger.trace(handle.result_run_id or ""), self._lab.ledger.lives())
        counts = self._lab.ledger.activity_counts(handle.id)
        print("\nledger: how often each activity really ran")
        for name, count in counts.items():
            print(f"  {name:<16} started {count.started}  completed {count.completed}")
        expected = {name: (2 if name == "flash_firmware" else 1, 1) for name in counts}
        right = bool(found) and len(counts) == 4
        right = right and {name: (c.started, c.completed) for name, c in counts.items()} == expected
        print(
            "\nTwo workers were killed, and the rollout finished: only the activity in flight ran twice."
            if right
            else "\nThis is not what should have happened: please report it with the lines above."
        )
        return right

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)


async def _run(work_seconds: float) -> bool:
    async with await Lab.start() as lab:
        return await Demo(lab, work_seconds).run()


def run(args: argparse.Namespace) -> int:
    """The `stagedflow demo` command: 0 if the story came out right, 1 if not."""
    try:
        return 0 if asyncio.run(_run(args.seconds)) else 1
    except RPCError as error:
        raise LabError(f"The demo did not get to its end: {server_trouble(error)}.") from None
