"""The lab: one embedded Temporal server, its workers and their ledger, all ended with the kernel that started them."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from stagedflow.background import on_lab_loop, submit
from stagedflow.errors import LabError
from stagedflow.lab import at_exit, rpc
from stagedflow.lab.crew import Crew
from stagedflow.lab.folder import new_folder
from stagedflow.lab.operations import Operations
from stagedflow.lab.server import TEST_SERVER_VARIABLE, Server, find_server, find_test_server
from stagedflow.lab.serving import GRACEFUL_SECONDS, STICKY_SECONDS, Named, WorkerSpec, folders, references
from stagedflow.lab.worker import WorkerProcess
from stagedflow.ledger.reader import Ledger
from stagedflow.ledger.writer import LedgerWriter
from stagedflow.replay import _sdk
from stagedflow.staged import ACTIVITIES, StagedWorkflow

NAMESPACE = "default"
TASK_QUEUE = "stagedflow"
CACHED_WORKFLOWS = 1000

_labs: dict[tuple[Any, ...], "Lab"] = {}
"""This kernel's labs by what they were started with; one that was opened is not among them."""
_starting = asyncio.Lock()
"""Held on the lab's loop while one starts, so that a cell run twice at once gets one lab."""


class Lab(Operations):
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
        super().__init__(server.env, Ledger(folder / "ledger.sqlite"))
        self._writer = LedgerWriter(self.ledger.path, pid=os.getpid())
        self._listeners: list[Callable[[], None]] = []
        self.task_queue = TASK_QUEUE
        self.web_ui = f"http://127.0.0.1:{server.ui_port}" if server.ui_port else ""
        told = {
            "target": server.target, "namespace": NAMESPACE, "task_queue": TASK_QUEUE,
            "graceful_seconds": GRACEFUL_SECONDS, "sticky_seconds": STICKY_SECONDS,
            "owner_lock": str(server.owner_lock), "server_lock": str(server.server_lock),
            "ledger": str(self.ledger.path),
        }  # fmt: skip
        self._crew = Crew(told, folder, self._writer, self._changed)
        self.workers: dict[str, WorkerProcess] = self._crew.by_name
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
            LabError: No server binary, a port that is taken, a temporary folder that cannot be used, or a server that
                does not start.
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
            if known and (known.closed or not known.ledger.path.exists() or not await known.answers()):
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
        folder = await asyncio.to_thread(new_folder)
        server = Server(folder)
        at_exit.prepare()
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
        at_exit.close(lab)
        return lab

    @property
    def worker(self) -> WorkerProcess | None:
        """The current worker: the one started last of those alive, else the one started last."""
        return self._crew.current

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
        worker = self._crew.hire(name or self.next_worker_name(), spec)
        await worker.ready()
        return worker

    @on_lab_loop
    async def stop_workers(self) -> None:
        """Stop every living worker gracefully: an experiment begins with workers of its own."""
        self._must_be_open()
        await asyncio.gather(*(worker.stop() for worker in self.workers.values()))

    def next_worker_name(self) -> str:
        """The first letter that no worker has had; after Z come numbers."""
        return self._crew.next_name()

    async def answers(self, *, patience: float = 10.0) -> bool:
        """True if the lab's own server answers; False if it has ended, or does not answer for `patience` seconds."""
        return self._server.lives() and await rpc.answers(self.client, patience=patience)

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
        for worker in self.workers.values():
            worker.end_family()
        await self._server.stop()
        self._writer.close()
        self._changed()
        at_exit.forget(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def __aenter__(self) -> "Lab":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _server_lives(self) -> bool:
        return self._server.lives()

    def _ended(self) -> dict[int, tuple[str, float]]:
        return self._crew.ended

    def _unwritten(self) -> str:
        lost = f"{self._writer.lost} rows of the ledger were lost" if self._writer.lost else ""
        return self._writer.trouble or lost

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()

    def __repr__(self) -> str:
        return "Lab (closed)" if self.closed else "\n".join(filter(None, [self._what(), _sdk.untried()]))

    def _what(self) -> str:
        if self.time_skipping:
            return f"Lab on Temporal's time-skipping test server at {self._server.target}"
        return f"Lab on the embedded Temporal server at {self._server.target}, Web UI {self.web_ui}"


def _close_unclaimed(starting: "Future[Lab]") -> None:
    """Nobody waits any more for the lab that starts."""
    if not starting.cancelled() and not starting.exception():
        submit(starting.result().close())
