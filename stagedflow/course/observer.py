"""What a check sees of the runs under test: history, the ledger, and faults, each told in words."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowHistory

from stagedflow.course import faults
from stagedflow.course.attempt import Attempt
from stagedflow.course.patience import patience
from stagedflow.history.runs import Run, read_event
from stagedflow.lab.lab import Lab
from stagedflow.ledger.reader import ActivityCount

WAIT = 8.0
"""Seconds that one wait of a check takes at the most on a machine at rest, if it says nothing else."""
POLL = 0.05
RPC = timedelta(seconds=5)
RPC_WHOLE = 4 * RPC
"""How long one call of a check to the server may take: also on a busy machine, where `RPC` would be short."""


class Wrong(Exception):
    """What the check saw that is not as the exercise asks: plain text for the learner."""


def require(condition: bool, message: str) -> None:
    """Raise `Wrong(message)` unless the condition holds."""
    if not condition:
        raise Wrong(message)


class Observer:
    """Looks at the workflows of one answer; a slip or a failed task that it meets is raised as `Wrong`.

    Args:
        attempt: The cell.
        time_skipping: True for the time-skipping server.
    """

    def __init__(self, attempt: Attempt, *, time_skipping: bool) -> None:
        self.attempt = attempt
        self._time_skipping = time_skipping
        self._lab: Lab | None = None

    @property
    def lab(self) -> Lab:
        """The check's own lab, once `work` or `open` has started it."""
        assert self._lab is not None, "await trial.open() first"
        return self._lab

    @property
    def client(self) -> Client:
        """Temporal's client of the check's own server."""
        return self.lab.client

    async def until(
        self,
        handle: WorkflowHandle[Any, Any],
        condition: Callable[[Run], bool],
        otherwise: str,
        *,
        seconds: float = WAIT,
    ) -> Run:
        """Wait until the run's history fulfils a condition.

        Args:
            handle: The workflow.
            condition: Of the run so far.
            otherwise: What it means if that never comes, for the learner.
            seconds: The deadline.

        Raises:
            Wrong: It did not in time, or a workflow task failed.
        """
        deadline = asyncio.get_running_loop().time() + patience(seconds)
        while not condition(run := await self.run(handle)):
            if run.closed or asyncio.get_running_loop().time() > deadline:
                raise Wrong(f"{otherwise} {await self.now(handle)}")
            await asyncio.sleep(POLL)
        return run

    async def settled(self, handle: WorkflowHandle[Any, Any], *, seconds: float = WAIT) -> Run:
        """Wait until the workflow has handled all that has come: no workflow task is open and no activity runs."""

        def quiet(run: Run) -> bool:
            return run.closed or bool(run.tasks and not run.open_task and not run.open_activities)

        return await self.until(handle, quiet, "The workflow does not come to rest.", seconds=seconds)

    async def run(self, handle: WorkflowHandle[Any, Any]) -> Run:
        """The run's history so far, as small values.

        Raises:
            Wrong: A workflow task of it failed, or an activity has a slip in it.
        """
        worker = self.lab.worker
        if worker and worker.state == "failed":
            raise Wrong("The worker process ended by itself: workflow code must not end its process.")
        history = await self.history(handle)
        for event in history.events:
            if faults.is_task_failure(event):
                raise Wrong(faults.task_failure(event, self.attempt.path.name))
        # Without a task id an event is only shown ahead; the time-skipping server gives none of them one.
        run = Run(tuple(read_event(e) for e in history.events if e.task_id or self._time_skipping))
        if slip := await self._activity_failure(handle, run, slips_only=True):
            raise Wrong(f"{slip}. The server has the activity tried again and again.")
        return run

    async def history(self, handle: WorkflowHandle[Any, Any]) -> WorkflowHistory:
        """The run's history, as Temporal has it."""
        run_id = handle.result_run_id or handle.run_id
        return await self.client.get_workflow_handle(handle.id, run_id=run_id).fetch_history(rpc_timeout=RPC_WHOLE)

    async def now(self, handle: WorkflowHandle[Any, Any]) -> str:
        """Where the workflow stands, in a sentence."""
        run = await self.run(handle)
        if run.closed:
            return f"It has {run.status}."
        if not run.open_activities:
            return "It still waits."
        failure = await self._activity_failure(handle, run)
        return f"It still waits for {run.open_activities[0].type}.{f' {failure}.' if failure else ''}"

    async def _activity_failure(self, handle: WorkflowHandle[Any, Any], run: Run, *, slips_only: bool = False) -> str:
        """Why an attempt of an open activity failed: history tells it only when the last attempt is over."""
        if run.closed or not run.open_activities:
            return ""
        described = await handle.describe(rpc_timeout=RPC_WHOLE)
        told = (
            faults.activity_failure(pending, self.attempt.path.name, slips_only=slips_only)
            for pending in described.raw_description.pending_activities
        )
        return next(filter(None, told), "")

    def counts(self, handle: WorkflowHandle[Any, Any]) -> dict[str, ActivityCount]:
        """How often each activity was started and completed, from the ledger."""
        return self.lab.ledger.activity_counts(handle.id)

    async def _watched(self, handle: WorkflowHandle[Any, Any], call: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """Await a call, and meanwhile look whether the workflow's tasks fail: then no answer would come."""
        asked = asyncio.ensure_future(call)
        try:
            async with asyncio.timeout(patience(seconds)):
                while not (await asyncio.wait({asked}, timeout=POLL * 4))[0]:
                    await self.run(handle)
            return asked.result()
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
