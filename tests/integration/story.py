"""The steps that the crash stories are told in."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from stagedflow import Lab, Rollout, StagedWorkflow
from stagedflow.background import on_lab_loop
from stagedflow.history.runs import Run, read_event
from stagedflow.lab.facts import Facts
from stagedflow.lab.watch import RunWatch
from tests.integration.processes import servers

START_TO_CLOSE = {"reserve_devices": 45, "stage_firmware": 30, "flash_firmware": 900, "soak_test": 7200}
Handle = WorkflowHandle[Any, Any]


async def start(lab: Lab, *, work_seconds: float = 0.05) -> Handle:
    """The staged workflow as the lessons start it, only quicker."""
    return await lab.client.start_workflow(
        StagedWorkflow.run,
        Rollout(work_seconds=work_seconds),
        id="rollout",
        task_queue=lab.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )


async def parked(lab: Lab, *, gate: int = 1, work_seconds: float = 0.05) -> Handle:
    """The same, signalled on until it is parked at this gate."""
    handle = await start(lab, work_seconds=work_seconds)
    await lab.until(handle, gate=1)
    await advance(lab, handle, range(1, gate))
    return handle


async def advance(lab: Lab, handle: Handle, stages: range = range(1, 4)) -> None:
    """Signal each stage once the workflow is parked before it, and wait until it has got beyond."""
    for stage in stages:
        await lab.until(handle, gate=stage)
        await handle.signal(StagedWorkflow.advance_stage, stage)
        await lab.until(handle, completed=list(START_TO_CLOSE)[stage])


async def finish(lab: Lab, handle: Handle, *, passed: int = 0) -> None:
    """Signal what is left, and wait for the result."""
    await advance(lab, handle, range(passed + 1, 4))
    assert await asyncio.wait_for(handle.result(), 30) == "gateways healthy"


async def history(handle: Handle) -> Run:
    """The run as the server has it now."""
    return Run(tuple([read_event(e) async for e in handle.fetch_history_events() if e.task_id]))


def assert_timeouts(run: Run) -> None:
    """Whatever was shortened, history says what the workflow asked for."""
    asked = {a.type: a.start_to_close for a in run.activities}
    assert asked == {name: START_TO_CLOSE[name] for name in asked}
    if run.closed:
        assert list(asked) == list(START_TO_CLOSE)


def assert_counts(lab: Lab, *, twice: str = "") -> None:
    """The ledger counted one start for each activity, and two for the one that a crash interrupted."""
    counts = lab.ledger.activity_counts("rollout")
    assert {name: c.started for name, c in counts.items()} == {n: 1 + (n == twice) for n in START_TO_CLOSE}
    assert {c.completed for c in counts.values()} == {1}


def assert_replayed(lab: Lab, handle: Handle, *pids: int) -> None:
    """Each later worker ran again, line by line, what had been executed live before it came; then it went live."""
    trace = lab.ledger.trace(handle.result_run_id or "")
    assert trace.workers == pids
    executed: list[tuple[str, int]] = []
    for pid in pids:
        steps = trace.by(pid)
        replayed = [line for step in steps if step.is_replaying and not step.query for line in step.lines]
        assert replayed == executed
        assert any(step.is_live for step in steps)
        executed += [line for step in steps if step.is_live for line in step.lines]


@dataclass
class Watch:
    """The facts of a run, followed as a panel does it."""

    watch: RunWatch
    changed: asyncio.Event
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    async def until(self, condition: Callable[[Facts], bool], *, timeout: float = 120) -> Facts:
        """The first facts of which this holds."""
        async with asyncio.timeout(timeout):
            while True:
                self.changed.clear()
                facts = await self.facts()
                if condition(facts):
                    return facts
                await self.changed.wait()

    @on_lab_loop
    async def facts(self) -> Facts:
        """What is known now."""
        return self.watch.facts()


def server_of(lab: Lab) -> int:
    """The pid of the lab's server."""
    port = repr(lab).partition("127.0.0.1:")[2].partition(",")[0]
    [server] = [p.pid for p in servers(os.getpid()) if f" --port {port} " in f"{p.words} "]
    return server


@asynccontextmanager
async def watching(lab: Lab, handle: Handle) -> AsyncIterator[Watch]:
    """Follow a run."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    watch = RunWatch(lab.fact_sources, handle, lambda: loop.call_soon_threadsafe(changed.set))
    await on_lab_loop(watch.start)()
    try:
        yield Watch(watch, changed)
    finally:
        await on_lab_loop(watch.close)()
