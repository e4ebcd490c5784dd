"""The worker process: `python -m stagedflow.lab.worker_main`, started by `WorkerProcess` and by nobody else.

It reads its configuration as JSON from stdin, and reports on the pipe named there: one JSON object a line.
"""

import asyncio
import contextlib
import fcntl
import importlib
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowInstanceDetails,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow.lab.limits import limit_resources
from stagedflow.ledger.writer import LedgerWriter
from stagedflow.replay.definitions import definition_of, source_file
from stagedflow.replay.recording.recorder import RecordingRunner
from stagedflow.replay.sources import read_sources
from stagedflow.replay.trace import ReplayStep

ROW_DEADLINE = 1.0
"""Seconds that an activity waits for its own row at the most: with "started" on disk, a SIGKILL right after cannot hide
the start; with "finished" on disk, whoever sees the result in history finds the row."""


MAX_RUNS = 1_000
"""So many runs are remembered whose source is kept already: the worker's cache of workflows holds as many."""


class LedgerInterceptor(Interceptor):
    """Writes each activity's start and finish, so that the activities themselves stay clean."""

    def __init__(self, ledger: LedgerWriter) -> None:
        self._ledger = ledger

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Let each activity write its start and its end."""
        return _LedgerActivities(next, self._ledger)


class _LedgerActivities(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, ledger: LedgerWriter) -> None:
        super().__init__(next)
        self._ledger = ledger

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        run_id = info.workflow_run_id or ""
        written = self._ledger.activity_started(
            info.workflow_id or "", run_id, info.activity_id, info.activity_type, info.attempt
        )
        await _on_disk(written)
        outcome = "failed"
        try:
            result = await super().execute_activity(input)
            outcome = "completed"
            return result
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            await _on_disk(self._ledger.activity_finished(run_id, info.activity_id, info.attempt, outcome))


async def _on_disk(written: "Future[None]") -> None:
    await asyncio.wait([asyncio.wrap_future(written)], timeout=ROW_DEADLINE)


def load(reference: str) -> Any:
    """The object that "module:qualified.name" names."""
    module, _, name = reference.partition(":")
    return reduce(getattr, name.split("."), importlib.import_module(module))


def when_free(path: str, act: Callable[[], None]) -> None:
    """Act, in a thread of its own, when nobody holds this lock any more: its holder has ended, in whatever way."""
    lock = os.open(path, os.O_RDONLY)  # before the thread: no worker runs unguarded

    def watch() -> None:
        fcntl.flock(lock, fcntl.LOCK_SH)
        act()

    threading.Thread(target=watch, name=f"watch-{Path(path).name}", daemon=True).start()


def end_with_the_owner() -> None:
    """Leave at once: the kernel is gone."""
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with what its activities have started
    os._exit(0)


async def run(config: dict[str, Any], report: Any, ledger: LedgerWriter) -> None:
    """Serve the task queue until SIGTERM, then stop gracefully."""
    kept: dict[str, set[str]] = {}
    workflows = [load(w) for w in config["workflows"]]
    # What is no workflow is left to the SDK, which says so.
    files = {cls: source_file(definition) for cls in workflows if (definition := definition_of(cls))}
    read_sources(files.values())  # unsandboxed code stays as it is now

    def record(det: WorkflowInstanceDetails, step: ReplayStep) -> None:
        run_id = det.info.run_id
        # The sandbox imports the workflow's modules anew for each run that it (re)builds: that is when they are read.
        if step.builds_anew:
            kept.pop(run_id, None)
        if new := {name for name, _ in step.lines} - kept.setdefault(run_id, set()):
            kept[run_id] |= new
            ledger.sources(run_id, read_sources(new, anew=det.defn.sandboxed))
        if len(kept) > MAX_RUNS:
            kept.pop(next(iter(kept)))
        ledger.activation(det.info.workflow_id, run_id, files[det.defn.cls], det.info.workflow_type, step)

    sandboxed: WorkflowRunner = SandboxedWorkflowRunner()
    unsandboxed: WorkflowRunner = UnsandboxedWorkflowRunner()
    if config["record"]:
        sandboxed, unsandboxed = RecordingRunner(sandboxed, record), RecordingRunner(unsandboxed, record)
    client = await Client.connect(
        config["target"], namespace=config["namespace"], identity=f"{config['name']}@{os.getpid()}"
    )
    worker = Worker(
        client,
        task_queue=config["task_queue"],
        workflows=workflows,
        activities=[load(a) for a in config["activities"]],
        activity_executor=ThreadPoolExecutor(20),
        workflow_runner=sandboxed,
        unsandboxed_workflow_runner=unsandboxed,
        interceptors=[LedgerInterceptor(ledger)],
        max_cached_workflows=config["max_cached_workflows"],
        graceful_shutdown_timeout=timedelta(seconds=config["graceful_seconds"]),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=config["sticky_seconds"]),
    )
    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    async with worker:
        report(event="running")
        await asked_to_stop.wait()


def main() -> None:
    """Read the configuration, run the worker, and leave without the interpreter's own clean-up."""
    config = json.loads(sys.stdin.readline())
    os.set_inheritable(config["report_fd"], False)  # a child of an activity would keep it open beyond our own death
    when_free(config["owner_lock"], end_with_the_owner)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter's "interrupt" is for the cell, not for the workers
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.path[:] = list(dict.fromkeys([*config["python_path"], *sys.path, *config["sys_path"]]))
    if config["limited"]:
        limit_resources()

    def report(**message: Any) -> None:
        with contextlib.suppress(OSError):
            os.write(config["report_fd"], (json.dumps(message) + "\n").encode())

    def end_with_the_server() -> None:
        """Another server may get its port, and give this worker that one's tasks."""
        report(event="failed", message="the lab's Temporal server has ended")
        os._exit(1)

    when_free(config["server_lock"], end_with_the_server)
    code = 0
    ledger = LedgerWriter(Path(config["ledger"]), pid=os.getpid())
    try:
        asyncio.run(run(config, report, ledger))
        report(event="stopped")
    except BaseException as error:
        traceback.print_exc()
        cause = error.__cause__ or error.__context__
        why = f"{type(cause).__name__}: {cause}" if cause else ""
        report(event="failed", message=f"{type(error).__name__}: {error}", cause=why)
        code = 1
    ledger.close()
    with contextlib.suppress(OSError):  # the log may be as long as it is allowed to be
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)  # the SDK's threads can abort an interpreter that shuts down (temporalio/sdk-python issue 300)


if __name__ == "__main__":
    main()
