"""Who cancelled what: the line of each `cancel`, though no frame of it is seen."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import workflow

from stagedflow import record_replay
from stagedflow.replay.recording import cancelling
from stagedflow.replay.recording.line_tracer import LineTracer
from tests.histories import event, started

DAY = timedelta(days=1)


@workflow.defn(name="Cancels")
class Timer:
    @workflow.run
    async def run(self) -> None:
        nap = asyncio.create_task(asyncio.sleep(60))
        await workflow.sleep(DAY)
        nap.cancel()  # here
        await workflow.wait([nap])
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="Cancels")
class ByAHelper:
    def stop(self, *naps: "asyncio.Task[None]") -> None:
        for nap in naps:
            nap.cancel()  # here

    @workflow.run
    async def run(self) -> None:
        nap = asyncio.create_task(workflow.sleep(60))
        await workflow.sleep(DAY)
        self.stop(nap)
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="Cancels")
class Condition:
    @workflow.run
    async def run(self) -> None:
        wait = asyncio.create_task(workflow.wait_condition(lambda: False, timeout=60))
        await workflow.sleep(DAY)
        asyncio.gather(wait, return_exceptions=True).cancel()  # here
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="Cancels")
class ByALibrary:
    @workflow.run
    async def run(self) -> None:
        nap = asyncio.create_task(workflow.sleep(60))
        await workflow.sleep(DAY)
        asyncio.get_running_loop().call_soon(nap.cancel)
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="Cancels")
class Nexus:
    @workflow.run
    async def run(self) -> None:
        client = workflow.create_nexus_client(service="shop", endpoint="e")
        operation = await client.start_operation("order", None)
        operation.cancel()  # here
        await workflow.wait_condition(lambda: False)


def timers() -> dict[str, Any]:
    begun = {"startToFireTimeout": "60s", "workflowTaskCompletedEventId": "4"}
    return started(
        "Cancels",
        event("WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3"),
        event("TIMER_STARTED", timerId="1", **begun),
        event("TIMER_STARTED", timerId="2", **begun),
        event("TIMER_FIRED", timerId="1", startedEventId="5"),
        event("WORKFLOW_TASK_SCHEDULED"),
        event("WORKFLOW_TASK_STARTED", scheduledEventId="8"),
    )


def nexus() -> dict[str, Any]:
    asked = {"endpoint": "e", "service": "shop", "operation": "order", "requestId": "q"}
    return started(
        "Cancels",
        event("WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3"),
        event("NEXUS_OPERATION_SCHEDULED", workflowTaskCompletedEventId="4", **asked),
        event("NEXUS_OPERATION_STARTED", scheduledEventId="5", operationToken="t", requestId="q"),
        event("WORKFLOW_TASK_SCHEDULED"),
        event("WORKFLOW_TASK_STARTED", scheduledEventId="7"),
    )


@pytest.mark.parametrize(
    ("cls", "history", "text"),
    [
        (Timer, timers(), "cancel timer 1 min"),
        (ByAHelper, timers(), "cancel timer 1 min"),
        (Condition, timers(), "cancel timer 1 min"),
        (Nexus, nexus(), "cancel nexus operation order"),
    ],
)
async def test_a_cancel_has_the_line_that_asked_for_it(cls: Any, history: dict[str, Any], text: str) -> None:
    trace = await record_replay(history, workflows=[cls])
    assert trace.failure is None
    (command,) = [c for s in trace.steps for c in s.commands if c.text == text]
    lines = trace.sources[trace.file].splitlines()
    first = lines.index(f"class {cls.__name__}:")
    assert command.line == next(n for n, line in enumerate(lines[first:], first + 1) if line.endswith("# here"))


async def test_a_cancel_that_no_line_of_the_learners_made_has_none() -> None:
    trace = await record_replay(timers(), workflows=[ByALibrary])
    (command,) = [c for s in trace.steps for c in s.commands if c.text == "cancel timer 1 min"]
    assert command.line is None


async def test_of_very_many_tasks_it_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "MANY", 1)
    tracer, tasks = LineTracer(__file__), [asyncio.create_task(asyncio.sleep(0)) for _ in range(2)]
    looks = tracer._cancelling
    here = SimpleNamespace(f_code=Timer.run.__code__, f_lineno=Timer.run.__code__.co_firstlineno + 4)
    for known, by in ((tasks, []), (tasks[:1], tasks[:1])):
        looks.before(here, known)  # type: ignore[arg-type]
        tasks[0].cancel()
        looks.after()
        assert list(looks.by) == by
