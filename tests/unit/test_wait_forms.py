"""Waits that only asyncio or the SDK stands at: each named, with the line that made it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow

from stagedflow import record_replay
from tests.histories import started

SOON = timedelta(seconds=10)


@workflow.defn(name="Forms")
class ConditionInATask:
    @workflow.run
    async def run(self) -> None:
        ready = asyncio.create_task(workflow.wait_condition(lambda: False))
        await ready


@workflow.defn(name="Forms")
class ConditionsGathered:
    @workflow.run
    async def run(self) -> None:
        await asyncio.gather(workflow.wait_condition(lambda: False), workflow.sleep(60))


@workflow.defn(name="Forms")
class Grouped:
    async def pack(self) -> None:
        await workflow.sleep(5)

    @workflow.run
    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pack())
            group.create_task(workflow.sleep(60))
            group.create_task(workflow.execute_activity("ship", start_to_close_timeout=SOON))


@workflow.defn(name="Forms")
class Shielded:
    @workflow.run
    async def run(self) -> None:
        await asyncio.shield(workflow.execute_activity("ship", start_to_close_timeout=SOON))


@workflow.defn(name="Forms")
class ShieldedInTime:
    @workflow.run
    async def run(self) -> None:
        task = workflow.start_activity("ship", start_to_close_timeout=SOON)
        await asyncio.wait_for(asyncio.shield(task), 60)


@workflow.defn(name="Forms")
class BareFuture:
    @workflow.run
    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("cls", "made_by", "told"),
    [
        (ConditionInATask, "ready = ", ["wait_condition at {}"]),
        (ConditionsGathered, "await asyncio.gather", ["gather of wait_condition at {}, timer 1 min"]),
        (Grouped, "", ["TaskGroup of task pack, timer 1 min, activity ship", "timer 5 s"]),
        (Shielded, "", ["shield of activity ship"]),
        (ShieldedInTime, "", ["shield of activity ship, for at most 1 min"]),
        (BareFuture, "", ["a future"]),
    ],
)
async def test_each_is_named_once(cls: Any, made_by: str, told: list[str]) -> None:
    trace = await record_replay(started("Forms"), workflows=[cls])
    assert trace.failure is None
    lines = enumerate(trace.sources[trace.file].splitlines(), 1)
    place = f"test_wait_forms.py:{next(n for n, line in lines if line.strip().startswith(made_by))}"
    assert sorted(w.text for w in trace.steps[0].waiting) == sorted(text.format(place) for text in told)
    assert all(w.task != "background" for w in trace.steps[0].waiting)
