"""Temporal's Replayer with the recorder in it, and with an end whatever the workflow's code does."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Plugin, Replayer, ReplayerConfig, Worker, WorkerConfig, WorkflowReplayResult

from stagedflow.background import quiet_runtime
from stagedflow.errors import LabError
from stagedflow.replay import _sdk
from stagedflow.replay.recording.recorder import RecordingRunner, Sink
from stagedflow.replay.saved.daemon_threads import DaemonThreads
from stagedflow.replay.saved.quiet import quiet_task
from stagedflow.replay.trace import ReplayStep

GRACE_SECONDS = 3.0
"""How long code that was interrupted after a deadlock may take to end, before it is left to itself."""
STANDSTILL_SECONDS = 120.0
"""How long the Replayer may go without a step or a word before it is left to itself."""

_left: set["asyncio.Task[Any]"] = set()


@dataclass
class Replayed:
    """What a replay brought.

    Attributes:
        steps: One an activation, not numbered.
        error: Why the Replayer failed, or None. A `TimeoutError` if it was left to itself.
        records: What the SDK's worker logged.
    """

    steps: list[ReplayStep] = field(default_factory=list)
    error: BaseException | None = None
    records: list[logging.LogRecord] = field(default_factory=list)

    @property
    def deadlocked(self) -> bool:
        """True if the SDK's deadlock detector has spoken."""
        return _sdk.DEADLOCK_CODE in text_of(exception_in(self.records))


class _Recording(Plugin):
    """The last plugin: it records with whatever runners the plugins before it have chosen."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """Implements `Plugin.configure_replayer`."""
        config["workflow_runner"] = RecordingRunner(config["workflow_runner"], self._sink)
        config["unsandboxed_workflow_runner"] = RecordingRunner(config["unsandboxed_workflow_runner"], self._sink)
        return config

    def run_replayer(self, replayer: Replayer, histories: Any, next: Any) -> Any:
        """Implements `Plugin.run_replayer`."""
        return next(replayer, histories)

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Implements `Plugin.configure_worker`, which nobody calls here."""
        return config

    async def run_worker(self, worker: Worker, next: Any) -> None:
        """Implements `Plugin.run_worker`, which nobody calls here."""
        await next(worker)


async def replay(history: WorkflowHistory, *, plugins: Sequence[Plugin] = (), **options: Any) -> Replayed:
    """Replay a history and record it.

    Args:
        history: A whole history with at least one workflow task: for another the Replayer would wait for ever.
        plugins: The worker's.
        options: Those of `Replayer`.

    Raises:
        LabError: The Replayer could not be started with this code.
    """
    replayed = Replayed()

    def take(_details: object, step: ReplayStep) -> None:
        replayed.steps.append(step)

    threads = DaemonThreads()
    replayer = Replayer(
        workflow_task_executor=threads,
        runtime=quiet_runtime(),
        plugins=[*plugins, _Recording(take)],
        **options,
    )
    task, replayed.records = quiet_task(replayer.replay_workflow(history, raise_on_replay_failure=False))
    task.add_done_callback(lambda _: threads.shutdown())
    _left.add(task)
    task.add_done_callback(_left.discard)
    try:
        await _end(task, replayed)
    except asyncio.CancelledError:
        task.cancel()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, lambda: None if task.done() else threads.park())
        raise
    if task.done():
        replayed.error = _result(task).replay_failure
    else:
        # Cancelling would wait for the very code that does not end. Its task stays, its thread sleeps.
        threads.park()
        replayed.error = TimeoutError(f"The replay made no step for {STANDSTILL_SECONDS:.0f} seconds.")
    replayed.steps = list(replayed.steps)
    return replayed


async def _end(task: "asyncio.Task[Any]", replayed: Replayed) -> None:
    """Return when the replay has ended, or will not."""
    clock = asyncio.get_running_loop().time
    heard, since = -1, clock()
    while not (await asyncio.wait({task}, timeout=0.5))[0]:
        if len(replayed.steps) + len(replayed.records) != heard:
            heard, since = len(replayed.steps) + len(replayed.records), clock()
        if clock() - since > (GRACE_SECONDS if replayed.deadlocked else STANDSTILL_SECONDS):
            return


def _result(task: "asyncio.Task[WorkflowReplayResult]") -> WorkflowReplayResult:
    try:
        return task.result()
    except Exception as error:
        why = error.__cause__ or error
        words = text_of(why)
        text = f"Temporal's Replayer does not take this code: {error}: {type(why).__name__}: {words}."
        if "__main__" in words and "__file__" in words:
            text += (
                " A workflow in its sandbox is imported anew from its file, and a class that was made in a cell or a "
                "prompt has none: put it into a module."
            )
        raise LabError(text) from error


def exception_in(records: Sequence[logging.LogRecord]) -> BaseException | None:
    """The exception that ended it, from the log: unlike the Replayer's words, it still knows its type and lines.

    That is the last one, but for a deadlock, after which more goes wrong, and for what the SDK itself stumbles over
    when it tells an exception.
    """
    told = [r for r in records if not r.getMessage().startswith(_sdk.STUMBLED)]
    found = [error for r in told if r.exc_info and (error := r.exc_info[1])]
    return next((error for error in found if _sdk.DEADLOCK_CODE in text_of(error)), found[-1] if found else None)


def text_of(error: BaseException | None) -> str:
    """The text of an exception, which may be the learner's own and refuse to tell it."""
    try:
        return str(error)
    except Exception:
        return "(it does not tell its text)"
