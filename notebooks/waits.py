"""The waits in which workers were killed: a way to kill one in a short wait, and a table read off what was recorded."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from itertools import pairwise
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from stagedflow.lab.lab import Lab
from stagedflow.replay.trace import ReplayTrace

AT_ONCE = 5
"""Runs of each kind that are started together: while one is caught in the gap, the others keep the worker busy."""
TRIES = 10
POLL = 0.05
HEADS = ("awaitable", "command", "event that ended the wait")
_LEFT = "style='text-align:left'"


@dataclass(frozen=True)
class Wait:
    """A wait of a workflow in which its worker was killed, and which another worker brought to its end.

    Attributes:
        awaitable: What it waited for: the kind of a `stagedflow.replay.trace.Waiting`.
        command: The last command that the killed worker had made by then, or "none".
        event: The history event that the other worker went on with.
    """

    awaitable: str
    command: str
    event: str


def waits_of(trace: ReplayTrace) -> tuple[Wait, ...]:
    """Every wait of a completed run in which a worker was killed, in the run's order; of any other run none."""
    types = {event.id: event.type for event in trace.events}
    if not types or types[max(types)] != "WORKFLOW_EXECUTION_COMPLETED":
        return ()
    killed = {life.pid for life in trace.lives if life.how == "crashed"}
    found = []
    for last, after in pairwise(trace.steps):
        went_on = next((step for step in trace.steps[after.index :] if step.is_live and step.jobs), None)
        if last.worker == after.worker or last.worker not in killed or not last.waiting or not went_on:
            continue
        made = [command.kind for step in trace.by(last.worker) for command in step.commands]
        event = types.get(went_on.jobs[0].event_id or 0, "unknown")
        found.append(Wait(last.waiting[0].kind, made[-1] if made else "none", event))
    return tuple(found)


@dataclass(frozen=True, repr=False)
class WaitTable:
    """One row for each awaitable, as the notebook shows it; one that was not met is named below.

    Attributes:
        rows: In the order of `wanted`.
        wanted: Awaitable -> where in the lesson a worker is killed in it.
    """

    rows: tuple[Wait, ...]
    wanted: Mapping[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """The awaitables that no row is about."""
        met = {row.awaitable for row in self.rows}
        return tuple(each for each in self.wanted if each not in met)

    def _notes(self) -> list[str]:
        said = [f"A worker was killed in each of these {len(self.rows)} waits, and each of their runs completed."]
        for where in dict.fromkeys(self.wanted[each] for each in self.missing):
            names = ", ".join(each for each in self.missing if self.wanted[each] == where)
            said.append(f"Missing: {names}. No worker was killed there. Run {where} again, then this cell.")
        return said if self.rows else said[1:]

    def __repr__(self) -> str:
        rows = [HEADS, *((row.awaitable, row.command, row.event) for row in self.rows)]
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        table = [f"{one:<{widths[0]}}  {two:<{widths[1]}}  {three}" for one, two, three in rows]
        return "\n".join([*table, *self._notes()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col' {_LEFT}>{each}</th>" for each in HEADS)
        body = "".join(
            f"<tr><th scope='row' {_LEFT}>{escape(row.awaitable)}</th>"
            f"<td {_LEFT}>{escape(row.command)}</td><td {_LEFT}><code>{escape(row.event)}</code></td></tr>"
            for row in self.rows
        )
        notes = "".join(f"<p>{escape(each)}</p>" for each in self._notes())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def wait_table(traces: Sequence[ReplayTrace], wanted: Mapping[str, str]) -> WaitTable:
    """The waits in which workers were killed, read off the traces: the first of each awaitable that is wanted.

    Args:
        traces: From `await lab.trace(handle)`.
        wanted: Awaitable -> where in the lesson a worker is killed in it, for one that is missing.
    """
    found: dict[str, Wait] = {}
    for wait in (wait for trace in traces for wait in waits_of(trace)):
        found.setdefault(wait.awaitable, wait)
    return WaitTable(tuple(found[each] for each in wanted if each in found), wanted)


async def until_waiting(lab: Lab, handle: WorkflowHandle[Any, Any], awaitable: str, *, timeout: float = 30.0) -> None:
    """Wait until a worker has brought a run to such a wait: recorded it, and told the server. At once if it is past it.

    Either alone is too early for a kill: the other may follow a moment later, and would be lost with the worker.

    Args:
        lab: Where.
        handle: The workflow.
        awaitable: The kind of a `stagedflow.replay.trace.Waiting`.
        timeout: Seconds.

    Raises:
        TimeoutError: It did not get there.
    """
    async with asyncio.timeout(timeout):
        while True:
            if _has_waited(await lab.trace(handle), awaitable):
                return
            await asyncio.sleep(POLL)


def _has_waited(trace: ReplayTrace, awaitable: str) -> bool:
    told = max((event.id for event in trace.events if event.type == "WORKFLOW_TASK_COMPLETED"), default=0)
    return any(
        step.is_live
        and any(each.kind == awaitable for each in step.waiting)
        and told > max((job.event_id or 0 for job in step.jobs), default=0)
        for step in trace.steps
    )


async def kill_in_the_gap(lab: Lab, workflow: type, kinds: Sequence[str]) -> dict[str, WorkflowHandle[Any, Any]]:
    """Kill a worker between a workflow's only command and its answer, a gap of milliseconds.

    Several runs of each kind are started at once; the worker is killed as soon as their commands are in history, and
    another one goes on. What was recorded tells which runs were caught in the gap; a kind with none is tried again.

    Args:
        lab: Where; its workers are stopped first.
        workflow: Its `run` takes a kind and gives one command.
        kinds: What `run` is called with.

    Returns:
        Kind -> a run of it that was caught in the gap and has completed. A kind that was never caught is not there.
    """
    caught: dict[str, WorkflowHandle[Any, Any]] = {}
    for _ in range(TRIES):
        missing = [kind for kind in kinds if kind not in caught]
        if missing:
            caught |= await _kill_once(lab, workflow, missing)
    return {kind: caught[kind] for kind in kinds if kind in caught}


async def _kill_once(lab: Lab, workflow: Any, kinds: Sequence[str]) -> dict[str, WorkflowHandle[Any, Any]]:
    await lab.stop_workers()
    # Without a cache, a dead worker leaves no sticky queue. If it dies inside a task, the server knows after 1 s.
    worker = await lab.start_worker(name="F", workflows=[workflow], activities=[], max_cached_workflows=0)
    asked = [(kind, f"{kind}-in-the-gap-{n}") for n in range(AT_ONCE) for kind in kinds]
    runs = await asyncio.gather(*(_start(lab, workflow, kind, id) for kind, id in asked))
    await asyncio.gather(*(_initiated(run) for run in runs[: len(kinds)]))
    await worker.crash()
    await lab.start_worker(name="G", workflows=[workflow], activities=[])
    found = {}
    for (kind, _), run in zip(asked, runs, strict=True):
        try:
            await asyncio.wait_for(run.result(), timeout=3)
        except TimeoutError:
            await run.terminate()
            continue
        trace = await lab.trace(run)
        lost = any("TIMED_OUT" in event.type for event in trace.events)  # the answer reached the dying worker
        if not lost and [step.worker == worker.pid for step in trace.steps] == [True, False, False]:
            found[kind] = run
    return found


async def _start(lab: Lab, workflow: Any, kind: str, id: str) -> WorkflowHandle[Any, Any]:
    return await lab.client.start_workflow(
        workflow.run,
        kind,
        id=id,
        task_queue=lab.task_queue,
        task_timeout=timedelta(seconds=1),
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )


async def _initiated(run: WorkflowHandle[Any, Any]) -> None:
    """Wait until the run's command is in its history."""
    async with asyncio.timeout(30):
        async for event in run.fetch_history_events(wait_new_event=True):
            if EventType.Name(event.event_type).endswith("INITIATED"):
                return
