"""The runs of a workflow that continues as new, for the checks of lesson 08."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.api.enums.v1 import EventType, PendingActivityState, WorkflowExecutionStatus
from temporalio.client import WorkflowHandle, WorkflowHistory

from stagedflow import LabError
from stagedflow.course.patience import patience
from stagedflow.course.trial import POLL, RPC_WHOLE, Trial, Wrong
from stagedflow.history.runs import Run, read_event

MOST_RUNS = 60


class Chain:
    """All runs under one workflow id, read off their histories.

    Args:
        trial: The answer under test.
        handle: As `trial.start` gave it: it knows the first run.
    """

    def __init__(self, trial: Trial, handle: WorkflowHandle[Any, Any]) -> None:
        self._trial = trial
        self._id = handle.id
        self._closed: list[WorkflowHistory] = []
        self._next = handle.first_execution_run_id or ""

    @property
    def latest(self) -> WorkflowHandle[Any, Any]:
        """A handle of whichever run is the latest when it is used."""
        return self._trial.client.get_workflow_handle(self._id)

    async def histories(self) -> list[WorkflowHistory]:
        """The history of each run so far, in order.

        Raises:
            Wrong: A workflow task failed, or the chain has no end.
        """
        while True:
            run = self._trial.client.get_workflow_handle(self._id, run_id=self._next)
            await self._trial.run(run)
            history = await self._trial.history(run)
            ended = history.events[-1].workflow_execution_continued_as_new_event_attributes
            if not ended.new_execution_run_id:
                return [*self._closed, history]
            self._closed.append(history)
            self._next = ended.new_execution_run_id
            if len(self._closed) >= MOST_RUNS:
                raise Wrong(f"The workflow continued as new {MOST_RUNS} times. A run that has nothing to do must wait.")

    async def runs(self) -> list[Run]:
        """The same, as small values."""
        return [Run(tuple(read_event(e) for e in h.events if e.task_id)) for h in await self.histories()]

    async def given(
        self, activity: str, *, completed: bool = True, before_the_last_task: bool = False
    ) -> list[list[Any]]:
        """The arguments of each call of this activity, run by run.

        Args:
            activity: Its name.
            completed: Only those that have completed.
            before_the_last_task: Only those whose result an earlier workflow task of the run than its last was given.
        """
        found = []
        for history in await self.histories():
            of_run: list[Any] = []
            tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED]
            end = ([0, 0, *tasks])[-2] if before_the_last_task else len(history.events) + 1
            done = {
                e.activity_task_completed_event_attributes.scheduled_event_id
                for e in history.events
                if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED and e.event_id < end
            }
            for event in history.events:
                scheduled = event.activity_task_scheduled_event_attributes
                if scheduled.activity_type.name == activity and (event.event_id in done or not completed):
                    payloads = scheduled.input.payloads
                    of_run += await self._trial.client.data_converter.decode(payloads) if payloads else []
            found.append(of_run)
        return found

    async def waits_only_for(self, *activities: str) -> bool:
        """True if the latest run has done all that it can, and no activity but these is open."""
        # A run that follows too soon upon another waits for its first workflow task, and nothing shows as pending. So
        # look for a completed task first, and then ask about that very run: the latest may be the next one by now.
        if not any(task.outcome == "completed" for task in (await self.runs())[-1].tasks):
            return False
        run = self._trial.client.get_workflow_handle(self._id, run_id=self._next)
        told = (await run.describe(rpc_timeout=RPC_WHOLE)).raw_description
        return (
            told.workflow_execution_info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
            and not told.HasField("pending_workflow_task")
            and all(p.activity_type.name in activities for p in told.pending_activities)
        )

    async def attempt_runs(self, activity: str) -> bool:
        """True if a worker is in this activity now."""
        told = (await self.latest.describe(rpc_timeout=RPC_WHOLE)).raw_description
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        return any(p.activity_type.name == activity and p.state == started for p in told.pending_activities)

    async def kill_worker(self) -> None:
        """Kill the worker, and let nothing wait for its sticky queue."""
        worker = self._trial.lab.worker
        assert worker is not None
        await worker.crash()
        await self._trial.lab.skip_sticky_wait(self.latest)

    async def find_the_crash(self) -> None:
        """Let the attempts that died with the worker time out now."""
        if not await self._open_activities():
            return
        try:
            await self._trial.lab.shorten_start_to_close(self.latest, seconds=0.5)
        except LabError:
            if await self._open_activities():  # else they have ended since
                raise

    async def _open_activities(self) -> bool:
        return bool((await self.latest.describe(rpc_timeout=RPC_WHOLE)).raw_description.pending_activities)


async def eventually(condition: Callable[[], Awaitable[Any]], *, seconds: float) -> Any:
    """Wait until a condition holds; what it gave last, at the deadline too."""
    deadline = asyncio.get_running_loop().time() + patience(seconds)
    while True:
        found = await condition()
        if found or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(POLL)
