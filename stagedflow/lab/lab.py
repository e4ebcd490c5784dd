"""The lab: one embedded Temporal server, its workers and their ledger, all ended with the kernel that started them."""

import asyncio
import atexit
import functools
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from stagedflow.background import on_lab_loop, submit
from stagedflow.errors import LabError
from stagedflow.lab import rpc, shortcuts
from stagedflow.lab.moments import moment
from stagedflow.lab.server import TEST_SERVER_VARIABLE, Server, find_server, find_test_server
from stagedflow.lab.serving import GRACEFUL_SECONDS, STICKY_SECONDS, Named, WorkerSpec, folders, references
from stagedflow.lab.until import settled_facts, wait_until
from stagedflow.lab.watch import FactSources
from stagedflow.lab.worker import WorkerProcess
from stagedflow.ledger.reader import Ledger
from stagedflow.ledger.writer import LedgerWriter
from stagedflow.replay.trace import ReplayTrace
from stagedflow.staged import ACTIVITIES, StagedWorkflow

NAMESPACE = "default"
TASK_QUEUE = "stagedflow"
CACHED_WORKFLOWS = 1000

_labs: dict[tuple[Any, ...], "Lab"] = {}
"""This kernel's labs by what they were started with; one that was opened is not among them."""
_live: set["Lab"] = set()
"""Every lab of this kernel that is not closed."""
_starting = asyncio.Lock()
"""Held on the lab's loop while one starts, so that a cell run twice at once gets one lab."""


class Lab:
    """A Temporal server of your own in this kernel, workers that can be killed, and a ledger of what they did.

    Get one by `await Lab.start()`, or one that nobody else gets by `await Lab.open()`. Each coroutine may be awaited
    from any event loop.

    Attributes:
        env: Temporal's own `WorkflowEnvironment`.
        client: Temporal's own `Client`, connected to it.
        task_queue: The task queue that the lab's workers poll.
        ledger: What the workers really did.
        web_ui: The address of Temporal's Web UI; "" with time skipping, which has none.
        time_skipping: Whether it is Temporal's time-skipping test server.
        workers: Every worker started so far, by name; of two with one name the later.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite")
        self._writer = LedgerWriter(self.ledger.path, pid=os.getpid())
        self._listeners: list[Callable[[], None]] = []
        self.env: WorkflowEnvironment = server.env
        self.client: Client = server.env.client
        self.task_queue = TASK_QUEUE
        self.web_ui = f"http://127.0.0.1:{server.ui_port}" if server.ui_port else ""
        self.time_skipping = server.env.supports_time_skipping
        self.workers: dict[str, WorkerProcess] = {}
        self.closed = False
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        *,
        port: int | None = None,
        ui_port: int | None = None,
        temporal: str | os.PathLike[str] | None = None,
        time_skipping: bool = False,
    ) -> "Lab":
        """Start a lab on the embedded dev server, or get back the live one that equal arguments started.

        Args:
            port: The server's port on loopback; a free one by default.
            ui_port: The Web UI's port on loopback; a free one by default.
            temporal: Path of a Temporal CLI to use instead of the installed one.
            time_skipping: Use Temporal's time-skipping test server instead: `handle.result()` and `lab.env.sleep()`
                let weeks pass at once while no activity runs. It has no Web UI, and listens on every network interface.

        Raises:
            LabError: No server binary, a port that is taken, or a server that does not start.
        """
        # Shielded: an interrupted cell leaves no half of a lab, and gets the whole one when it is run again.
        return await asyncio.shield(asyncio.wrap_future(submit(cls._get(port, ui_port, temporal, time_skipping))))

    @classmethod
    async def open(cls, *, time_skipping: bool = False) -> "Lab":
        """Start a lab that nobody else gets: for an experiment of its own, which closes it.

        Args:
            time_skipping: As for `start`.

        Raises:
            LabError: No server binary, or a server that does not start.
        """
        starting = submit(cls._start(None, None, None, time_skipping))
        try:
            return await asyncio.shield(asyncio.wrap_future(starting))
        except asyncio.CancelledError:
            starting.add_done_callback(_close_unclaimed)
            raise

    @classmethod
    async def _get(cls, port: int | None, ui_port: int | None, temporal: Any, time_skipping: bool) -> "Lab":
        key = (port, ui_port, str(temporal), time_skipping)
        async with _starting:
            known = _labs.pop(key, None)
            if known and (known.closed or not await known.answers()):
                await known.close()
                known = None
            lab = _labs[key] = known or await cls._start(port, ui_port, temporal, time_skipping)
            return lab

    @classmethod
    async def _start(cls, port: int | None, ui_port: int | None, temporal: Any, time_skipping: bool) -> "Lab":
        if time_skipping and (ui_port is not None or temporal is not None):
            raise LabError(
                "With time_skipping=True there is no Web UI and no Temporal CLI: leave ui_port= and temporal= out. "
                f"The variable {TEST_SERVER_VARIABLE} names another test server."
            )
        binary = find_test_server() if time_skipping else find_server(temporal)
        folder = Path(tempfile.mkdtemp(prefix="stagedflow-"))
        server = Server(folder)
        _close_at_exit()
        try:
            if time_skipping:
                await server.start_time_skipping(binary=binary, port=port)
            else:
                await server.start(binary=binary, namespace=NAMESPACE, port=port, ui_port=ui_port)
            lab = cls(server, folder)
        except BaseException:
            server.release()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _live.add(lab)
        return lab

    @property
    def worker(self) -> WorkerProcess | None:
        """The current worker: the one started last of those alive, else the one started last."""
        started = list(self.workers.values())
        candidates = [w for w in started if w.alive] or started
        return candidates[-1] if candidates else None

    @on_lab_loop
    async def start_worker(
        self,
        name: str | None = None,
        *,
        workflows: Sequence[Named] | None = None,
        activities: Sequence[Named] | None = None,
        record: bool = True,
        max_cached_workflows: int | None = None,
        python_path: Sequence[str | os.PathLike[str]] = (),
        limited: bool = False,
    ) -> WorkerProcess:
        """Start a worker process and wait until it polls. While one of this name lives, that one comes back.

        Args:
            name: Its name; by default the next free letter.
            workflows: Workflow classes, importable by a module's name, or such names ("module:Class"), which only the
                worker then imports; the staged workflow by default.
            activities: Activity functions, likewise; the staged workflow's by default.
            record: False switches the recorder of workflow activations off.
            max_cached_workflows: How many workflows it keeps in memory between their tasks; by default 1000, and none
                with time skipping, where no task ever gets away from a dead worker that had its workflow in memory.
            python_path: Folders that it looks for modules in before all others.
            limited: Bound its files and its memory: for code that may write or take without end.

        Raises:
            LabError: A class that no other process can import, a worker that could not start, or a living worker of
                this name that serves something else.
        """
        self._must_be_open()
        name = name or self.next_worker_name()
        if not re.fullmatch(r"[\w-]{1,40}", name):
            raise LabError(f"A worker's name is made of letters, digits, - and _, 40 at the most; {name!r} is not.")
        if max_cached_workflows is None:
            max_cached_workflows = 0 if self.time_skipping else CACHED_WORKFLOWS
        spec = WorkerSpec(
            workflows=references([StagedWorkflow] if workflows is None else workflows),
            activities=references(ACTIVITIES if activities is None else activities),
            record=record,
            max_cached_workflows=max_cached_workflows,
            python_path=folders(python_path),
            limited=limited,
        )
        worker = self.workers.get(name)
        if worker and worker.alive and worker.spec != spec:
            raise LabError(
                f"Worker {name} (pid {worker.pid}) is alive and serves something else, or with other settings. "
                f"End it first (`await lab.workers[{name!r}].stop()`), or choose another name."
            )
        if not worker or not worker.alive:
            config = {
                "target": self._server.target, "namespace": NAMESPACE, "task_queue": self.task_queue,
                "graceful_seconds": GRACEFUL_SECONDS, "sticky_seconds": STICKY_SECONDS,
                "owner_lock": str(self._server.owner_lock), "ledger": str(self.ledger.path),
                "sys_path": [p or os.getcwd() for p in sys.path],
            }  # fmt: skip
            self.workers.pop(name, None)  # so that the new one comes last
            worker = self.workers[name] = WorkerProcess(name, spec, config, self._folder, self._writer)
            worker.on_change = self._changed
            self._changed()
        await worker.ready()
        return worker

    @on_lab_loop
    async def stop_workers(self) -> None:
        """Stop every living worker gracefully: an experiment begins with workers of its own."""
        self._must_be_open()
        await asyncio.gather(*(worker.stop() for worker in self.workers.values()))

    def next_worker_name(self) -> str:
        """The first letter that no worker has had; after Z come numbers."""
        letters = [chr(ord("A") + i) for i in range(26)]
        names = [*letters, *(f"W{i}" for i in range(27, 10_000))]
        return next(n for n in names if n not in self.workers)

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

    @property
    def fact_sources(self) -> FactSources:
        """Who can tell of this lab's workflows."""
        clock = self.env.get_current_time if self.time_skipping else None
        return FactSources(self.client, self.ledger, clock, lambda: self.closed)

    async def answers(self, *, patience: float = 10.0) -> bool:
        """True if the server answers; False if nobody listens there, or there is no answer for `patience` seconds."""
        return await rpc.answers(self.client, patience=patience)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` (from any thread) when a worker's state changes or the lab closes; returns the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    @on_lab_loop
    async def close(self) -> None:
        """End the workers and the server, within seconds even if the server hangs. Does nothing if it is closed."""
        self.closed = True
        # One task for everybody who closes, and no interrupted cell ends it half done.
        self._closing = self._closing or asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await asyncio.gather(*(w.crash() for w in self.workers.values()), return_exceptions=True)
        await self._server.stop()
        self._writer.close()
        self._changed()
        _live.discard(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def __aenter__(self) -> "Lab":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _must_be_open(self) -> None:
        if self.closed:
            raise LabError("This lab is closed. Run the cell with `lab = await Lab.start()` again.")

    def _needs_the_dev_server(self, call: str) -> None:
        if self.time_skipping:
            raise LabError(
                f"Temporal's time-skipping test server does not implement {call}. Use a lab on the dev server for "
                "this: `lab = await Lab.start()`."
            )

    def __repr__(self) -> str:
        if self.closed:
            return "Lab (closed)"
        if self.time_skipping:
            return f"Lab on Temporal's time-skipping test server at {self._server.target}"
        return f"Lab on the embedded Temporal server at {self._server.target}, Web UI {self.web_ui}"


def _close_unclaimed(starting: "Future[Lab]") -> None:
    """Nobody waits any more for the lab that starts."""
    if not starting.cancelled() and not starting.exception():
        submit(starting.result().close())


@functools.cache
def _close_at_exit() -> None:
    """A kernel that ends in order leaves nothing behind; one that does not is what the owner lock is for."""
    atexit.register(_close_all)


def _close_all() -> None:
    for closing in [submit(lab.close()) for lab in list(_live)]:
        try:
            closing.result(3)
        except Exception as error:  # the watchers end what is left
            print(f"stagedflow: the lab did not close in order: {error!r}", file=sys.stderr)
    # The interpreter aborts at exit when the SDK's threads are still settling (temporalio/sdk-python issue 300).
    time.sleep(0.05)
