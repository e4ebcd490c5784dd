"""What a check has in hand: the learner's code in real workers, a server of its own, and ways to observe.

A check reads like a lesson's cell: start, signal, crash, look. What it sees amiss it raises as `Wrong`, in words.
"""

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowHistory

from stagedflow.course import faults
from stagedflow.course.attempt import Attempt, WorkflowFound
from stagedflow.course.child import ChildResult, in_child
from stagedflow.course.observer import POLL, RPC, RPC_WHOLE, WAIT, Observer, Wrong, require
from stagedflow.errors import LabError
from stagedflow.lab.lab import Lab
from stagedflow.lab.worker import WorkerProcess
from stagedflow.replay.trace import ReplayTrace

__all__ = ["POLL", "RPC_WHOLE", "Trial", "Wrong", "require"]


class Trial(Observer):
    """One answer under test.

    Args:
        attempt: The cell.
        time_skipping: True for the time-skipping server: weeks pass in milliseconds, but a crash is not found there.

    Attributes:
        source: The cell's text.
        module: The name by which a worker imports it.
    """

    def __init__(self, attempt: Attempt, *, time_skipping: bool = False) -> None:
        super().__init__(attempt, time_skipping=time_skipping)
        self.source = attempt.source
        self.module = attempt.module
        self._workers = 0
        self._extra: tuple[str, ...] = ()

    def workflow(self, name: str | None = None) -> WorkflowFound:
        """The workflow class of this name in the cell; without a name the only one.

        Raises:
            Wrong: There is none.
        """
        found = self.attempt.workflows
        if not found:
            raise Wrong(
                "There is no workflow in the cell: a class with @workflow.defn and a method with @workflow.run."
            )
        for each in found:
            if name in (None, each.name, each.type):
                return each
        raise Wrong(f"There is no workflow class {name} in the cell. It has {', '.join(w.name for w in found)}.")

    def must_have(self, *, workflow: str | None = None, signals: Sequence[str] = (), queries: Sequence[str] = (),
                  updates: Sequence[str] = (), activities: Sequence[str] = ()) -> None:  # fmt: skip
        """Raise `Wrong` unless the cell has these handlers and activities, so that nothing is sent into the void."""
        if signals or queries or updates or workflow:
            found = self.workflow(workflow)
            for kind, wanted, has in (
                ("signal", signals, found.signals),
                ("query", queries, found.queries),
                ("update", updates, found.updates),
            ):
                for name in wanted:
                    told = ", ".join(has) or "none"
                    require(name in has, f"{found.name} has no {kind} handler {name!r}. It has: {told}.")
        for name in activities:
            require(name in self.attempt.activities, f"There is no activity {name!r} in the cell (@activity.defn).")

    async def open(self) -> Lab:
        """The check's own lab, started on first use."""
        if self._lab is None:
            self._lab = await Lab.open(time_skipping=self._time_skipping)
        return self._lab

    async def work(self, *, activities: Sequence[str] | None = None) -> WorkerProcess:
        """Start a worker that serves all workflows and activities of the cell.

        Args:
            activities: Further ones, "module:name"; those of the worker before by default.

        Raises:
            Wrong: The worker cannot be started with this code.
        """
        lab = await self.open()
        if activities is not None:
            self._extra = tuple(activities)
        self._workers += 1
        try:
            return await lab.start_worker(
                f"check-{self._workers}",
                workflows=[f"{self.module}:{w.name}" for w in self.attempt.workflows],
                activities=[*(f"{self.module}:{a}" for a in self.attempt.activities), *self._extra],
                python_path=[self.attempt.path.parent],
                limited=True,
            )
        except Exception as error:
            raise Wrong(f"No worker can be started with this code: {error}") from None

    async def crash(self, *handles: WorkflowHandle[Any, Any]) -> WorkerProcess:
        """Kill the worker (SIGKILL) and start another; for these workflows without the sticky queue's silence."""
        for handle in handles:
            await self._must_run(handle)
        assert self.lab.worker is not None
        await self.lab.worker.crash()
        if not self._time_skipping:
            for handle in handles:
                try:
                    await self.lab.skip_sticky_wait(handle)
                except LabError:
                    await self._must_run(handle)  # it may have ended just now
                    raise
        return await self.work()

    async def _must_run(self, handle: WorkflowHandle[Any, Any]) -> None:
        run = await self.run(handle)
        require(not run.closed, f"The workflow {handle.id} has {run.status} already.")

    async def answers(self) -> bool:
        """False if the check's server was started and has ended since, or does not answer."""
        return self._lab is None or await self._lab.answers()

    async def close(self) -> None:
        """End the check's server and workers."""
        if self._lab is not None:
            await self._lab.close()

    async def start(self, workflow: str, *args: Any, id: str | None = None, **options: Any) -> WorkflowHandle[Any, Any]:
        """Start a workflow by its class's name; `options` are those of `client.start_workflow`."""
        found = self.workflow(workflow)
        return await self.client.start_workflow(
            found.type or found.name,
            args=args,
            id=id or f"check-{workflow}".lower(),
            task_queue=self.lab.task_queue,
            **options,
        )

    async def query(self, handle: WorkflowHandle[Any, Any], name: str, *args: Any) -> Any:
        """The answer to a query.

        Raises:
            Wrong: It failed, a workflow task failed, or there is no handler for it.
        """
        try:
            return await self._watched(
                handle, handle.query(name, args=args, rpc_timeout=RPC_WHOLE), RPC.total_seconds()
            )
        except TimeoutError:
            raise Wrong(f"The query {name} got no answer. {await self.now(handle)}") from None
        except Exception as error:
            raise (
                error if isinstance(error, Wrong) else Wrong(f"The query {name} failed: {faults.words(error)}.")
            ) from None

    async def update(self, handle: WorkflowHandle[Any, Any], name: str, *args: Any) -> Any:
        """The answer to an update.

        Raises:
            WorkflowUpdateFailedError: The workflow refused it, or its handler failed: Temporal's own error.
            Wrong: A workflow task failed, or there was no answer.
        """
        try:
            return await self._watched(handle, handle.execute_update(name, args=args), RPC.total_seconds())
        except TimeoutError:
            raise Wrong(f"The update {name} got no answer. {await self.now(handle)}") from None

    async def result(self, handle: WorkflowHandle[Any, Any], *, seconds: float = WAIT) -> Any:
        """The workflow's result.

        Raises:
            Wrong: It failed, a workflow task of it failed, or it did not end in time.
        """
        try:
            return await self._watched(handle, handle.result(), seconds)
        except WorkflowFailureError as error:
            raise Wrong(f"The workflow failed: {faults.words(error.cause)}.") from None
        except TimeoutError:
            if (await self.run(handle)).closed:  # its end came between two long polls: it is there when asked again
                with contextlib.suppress(TimeoutError):
                    return await self._watched(handle, handle.result(), 2)
            raise Wrong(f"The workflow did not complete within {seconds:.0f} s. {await self.now(handle)}") from None

    async def replay(self, history: WorkflowHistory | Path, workflow: str | None = None) -> ReplayTrace:
        """Replay a history against the cell's workflow, in another process.

        Raises:
            Wrong: There is no trace.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = history if isinstance(history, Path) else Path(folder, "history.json")
            if isinstance(history, WorkflowHistory):
                path.write_text(history.to_json())  # noqa: ASYNC240  a small file
            name = self.workflow(workflow).name
            child = await in_child(
                "replay", self.module, name, str(path), python_path=[self.attempt.path.parent], seconds=15
            )
        if child.timed_out or not child.report or "error" in child.report:
            why = "it did not end" if child.timed_out else (child.report or {}).get("error") or child.output[-300:]
            raise Wrong(f"The history cannot be replayed against this code: {why}")
        return ReplayTrace.from_json(child.report["trace"])

    async def python(self, *arguments: str, python_path: Sequence[str | Path] = (), seconds: float = 15) -> ChildResult:
        """Run `python ARGUMENT...` in another process, under limits; the cell's folder is on its path, after these."""
        return await in_child("run", *arguments, python_path=[*python_path, self.attempt.path.parent], seconds=seconds)
