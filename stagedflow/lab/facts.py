"""All that is known of one run at one moment: history, what is open, and what the workers wrote."""

import time
from dataclasses import dataclass, field, replace

from stagedflow.history.runs import Run
from stagedflow.history.waiting import PendingActivity, WaitsFor, waits_for
from stagedflow.lab.rpc import SERVER_ENDED
from stagedflow.lab.serving import STICKY_SECONDS
from stagedflow.ledger.reader import ActivityAttempt, ActivityCount
from stagedflow.replay.trace import ReplayTrace, WorkerLife


@dataclass(frozen=True)
class Facts:
    """All that is known of one run at one moment.

    Attributes:
        trouble: Why the server could not be asked lately, in words, or "".
        unwritten: Why the ledger may lack what the kernel had to write, in words, or "".
        clock_ahead: Seconds by which the server's clock, which history has, is ahead of this computer's, which the
            ledger has; None if they are the same.
    """

    workflow_id: str
    run_id: str
    run: Run = field(default_factory=lambda: Run(()))
    pending: tuple[PendingActivity, ...] = ()
    attempts: tuple[ActivityAttempt, ...] = ()
    lives: tuple[WorkerLife, ...] = ()
    counts: dict[str, ActivityCount] = field(default_factory=dict)
    trace: ReplayTrace = field(default_factory=ReplayTrace)
    trouble: str = ""
    clock_ahead: float | None = None
    unwritten: str = ""

    @property
    def server_ended(self) -> bool:
        """True if the server is gone for ever, with all its workflows: nothing more can come."""
        return self.trouble == SERVER_ENDED

    @property
    def uncounted(self) -> tuple[str, ...]:
        """The types of activities that history has as completed, and of whose end the ledger has no row.

        A worker writes that row before it tells the server, so a row that is not there is lost, or waits for the disk.
        """
        written = {attempt.activity_id for attempt in self.attempts if attempt.finished is not None}
        return tuple(a.type for a in self.run.activities if a.outcome == "completed" and a.activity_id not in written)

    @property
    def ledger_lags(self) -> bool:
        """True while a living worker has finished a workflow task whose activation is not on disk yet."""
        recorded = {(s.worker, event) for s in self.trace.steps for event in s.event_ids[-1:]}
        recording = {life.identity: life.pid for life in self.lives if life.records and not life.ended}
        return any(
            task.started and task.worker in recording and (recording[task.worker], task.started.id) not in recorded
            for task in self.run.tasks if task.outcome == "completed"
        )  # fmt: skip

    def waits_for(self, now: float | None = None) -> WaitsFor:
        """What the workflow waits for now, with its deadline by this computer's clock."""
        now, ahead = now or time.time(), self.clock_ahead or 0.0
        waits = waits_for(self.run, self.pending, self.lives, sticky_seconds=STICKY_SECONDS, now=now + ahead)
        return replace(waits, deadline=waits.deadline - ahead) if waits.deadline else waits

    def by_the_servers_clock(self) -> "Facts":
        """What belongs in one picture: without the workers' part where their clock is another than the server's.

        Time that was skipped between two of their rows is in neither, so nobody can tell where in history they belong.
        """
        if self.clock_ahead is None:
            return self
        return replace(self, attempts=(), lives=(), trace=ReplayTrace())
