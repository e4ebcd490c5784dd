"""What a lab lets you do with a workflow beside Temporal's own API: wait for a named moment, look, take a shortcut."""

from collections.abc import Mapping
from typing import Any

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from stagedflow.background import on_lab_loop
from stagedflow.errors import LabError
from stagedflow.lab import rpc, shortcuts
from stagedflow.lab.health import Health
from stagedflow.lab.moments import moment
from stagedflow.lab.until import settled_facts, wait_until
from stagedflow.lab.watch import FactSources
from stagedflow.ledger.pulse import Pulse
from stagedflow.ledger.reader import Ledger
from stagedflow.replay.trace import ReplayTrace


class Operations:
    """The part of a lab that needs a server and a ledger, and no workers of its own.

    Args:
        env: Temporal's own environment; `client` is connected to its server.
        ledger: What the workers wrote.
    """

    def __init__(self, env: WorkflowEnvironment, ledger: Ledger) -> None:
        self.env = env
        self.client: Client = env.client
        self.time_skipping = env.supports_time_skipping
        self.ledger = ledger
        self._pulse = Pulse(ledger)
        self._health = Health(self.client, lambda: self.closed or self._server_lives())
        self.closed = False

    @property
    def fact_sources(self) -> FactSources:
        """Who can tell of this lab's workflows."""
        clock = self.env.get_current_time if self.time_skipping else None
        return FactSources(
            client=self.client,
            ledger=self.ledger,
            pulse=self._pulse,
            health=self._health,
            clock=clock,
            closed=lambda: self.closed,
            ended=self._ended,
            unwritten=self._unwritten,
        )

    def _server_lives(self) -> bool:
        """False once the server's process has ended: another one may answer in its place."""
        return True

    def _ended(self) -> Mapping[int, tuple[str, float]]:
        """Of each worker that has ended: process id -> how and when."""
        return {}

    def _unwritten(self) -> str:
        """Why the ledger may lack something, in words, or ""."""
        return ""

    @on_lab_loop
    async def until(
        self,
        handle: WorkflowHandle[Any, Any],
        *,
        gate: int | None = None,
        started: str | None = None,
        completed: str | None = None,
        stage: int | None = None,
        attempt: int = 1,
        timeout: float = 30.0,
    ) -> bool:
        """Wait until a workflow gets to one named moment; returns at once if it is there or beyond.

        Args:
            handle: The workflow.
            gate: Parked at this gate (1, 2 or 3).
            started: A worker has started this activity, with this `attempt` or a later one.
            completed: This activity has completed.
            stage: The signals that the workflow has handled lead to this stage.
            attempt: With `started`: from 1.
            timeout: Seconds.

        Returns:
            With `gate`: True if it is parked there now, False if it has gone on already. Else True.

        Raises:
            LabTimeout: It did not get there; the text says what it waits for instead.
            LabError: It has ended before, the staged workflow's activity has completed in an earlier attempt, or there
                is no such workflow.
        """
        self._must_be_open()
        named = moment(gate=gate, started=started, completed=completed, stage=stage, attempt=attempt)
        facts = await wait_until(self.fact_sources, handle, named, timeout)
        return gate is None or facts.run.gate == gate

    @on_lab_loop
    async def skip_sticky_wait(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Operator's shortcut: the server forgets the workflow's sticky queue, so that any worker gets its next task.

        It helps work that is not on that queue yet: use it after a crash and before the signal. Temporal calls it
        ResetStickyTaskQueue.

        Raises:
            LabError: There is no such workflow, or the server does not answer.
        """
        self._must_be_open()
        self._needs_the_dev_server("ResetStickyTaskQueue")
        await shortcuts.reset_sticky_task_queue(self.client, handle)

    @on_lab_loop
    async def shorten_start_to_close(self, handle: WorkflowHandle[Any, Any], seconds: float = 2) -> None:
        """Operator's shortcut: give the activity that runs now a new start-to-close, counted from its start.

        History keeps the timeout that the workflow asked for. Temporal calls it UpdateActivityOptions.

        Args:
            handle: The workflow.
            seconds: The new timeout.

        Raises:
            LabError: No activity is open, there is no such workflow, or the server does not answer.
        """
        self._must_be_open()
        self._needs_the_dev_server("UpdateActivityOptions")
        await shortcuts.update_start_to_close(self.client, handle, seconds)

    @on_lab_loop
    async def describe(
        self, handle: WorkflowHandle[Any, Any], *, run_id: str | None = None
    ) -> WorkflowExecutionDescription:
        """Temporal's own description of a workflow, with errors in words.

        Raises:
            LabError: There is no such workflow, or the server does not answer.
        """
        self._must_be_open()
        return await rpc.describe(self.client, handle.id, run_id)

    @on_lab_loop
    async def trace(self, handle: WorkflowHandle[Any, Any]) -> ReplayTrace:
        """What the workers really did with a run, step by step, beside its history: for `ReplayViewer`.

        It is `lab.ledger.trace(run_id)` with the history's events, and with the event that each job stands for and that
        each command made. The run is the handle's, or the workflow's latest.

        Raises:
            LabError: There is no such workflow, or the server does not answer.
        """
        self._must_be_open()
        return (await settled_facts(self.fact_sources, handle)).trace

    def _must_be_open(self) -> None:
        if self.closed:
            raise LabError("This lab is closed. Run the cell with `lab = await Lab.start()` again.")
        if not self._server_lives():
            raise LabError(f"{rpc.SERVER_ENDED[:1].upper()}{rpc.SERVER_ENDED[1:]}.")

    def _needs_the_dev_server(self, call: str) -> None:
        if self.time_skipping:
            raise LabError(
                f"Temporal's time-skipping test server does not implement {call}. Use a lab on the dev server for "
                "this: `lab = await Lab.start()`."
            )
