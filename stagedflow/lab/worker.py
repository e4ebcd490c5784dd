"""The kernel's handle on a worker process: start it, watch it, crash it, stop it."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stagedflow.background import on_lab_loop
from stagedflow.errors import LabError, LabTimeout
from stagedflow.lab.serving import WorkerSpec
from stagedflow.ledger.writer import LedgerWriter

_READY_DEADLINE = 30.0
_END_DEADLINE = 15.0
_numbers = itertools.count()


class WorkerProcess:
    """A Temporal worker in a process of its own, so that it can die by SIGKILL as real ones do.

    Made by `Lab.start_worker`. Attributes:
        name: Its name in the lab, such as "A".
        pid: Its process id.
        records: False if it was started with its recorder off.
        spec: What it serves, and how.
        log_path: Where its output goes; `log` is the text.
    """

    def __init__(self, name: str, spec: WorkerSpec, config: dict[str, Any], folder: Path, ledger: LedgerWriter) -> None:
        self.name = name
        self.spec = spec
        self.records = spec.record
        self.on_change: Callable[[], None] = lambda: None
        self._ledger = ledger
        self._state = "starting"
        self._error = ""
        self._ready: Future[None] = Future()
        self._ended: Future[None] = Future()
        reading, writing = os.pipe()
        self.log_path = folder / f"worker-{name}-{next(_numbers)}.log"
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stagedflow.lab.worker_main"],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
                pass_fds=[writing], start_new_session=True,
            )  # fmt: skip
        os.close(writing)
        self.pid = self._process.pid
        ledger.worker_started(name, self.pid, records=self.records)
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(json.dumps({**config, **self.serves, "name": name, "report_fd": writing}).encode() + b"\n")
        threading.Thread(target=self._watch, args=(reading,), name=f"worker-{name}", daemon=True).start()

    @property
    def serves(self) -> dict[str, Any]:
        """What `Lab.start_worker` starts another one of the same kind with."""
        return asdict(self.spec)

    @property
    def identity(self) -> str:
        """The name that the worker gives itself to the server, and that history keeps: `name@pid`."""
        return f"{self.name}@{self.pid}"

    @property
    def state(self) -> str:
        """Return "starting", "running", "stopped", "crashed" or "failed", as observed from the process."""
        return self._state

    @property
    def alive(self) -> bool:
        """True while the process is there."""
        return self._state in ("starting", "running")

    @property
    def log(self) -> str:
        """What the process printed and logged so far; "" once many more workers have ended since."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @on_lab_loop
    async def ready(self) -> None:
        """Wait until the worker polls its task queue.

        Raises:
            LabError: It could not start; the text says why.
        """
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._ready)), _READY_DEADLINE)
        except TimeoutError:
            raise LabTimeout(
                f"Worker {self.name} (pid {self.pid}) was not ready after {_READY_DEADLINE:.0f} s. "
                f"Its log is in worker.log; end it with `await worker.crash()`."
            ) from None

    @on_lab_loop
    async def crash(self) -> None:
        """SIGKILL: the process is gone at once, and tells nobody. Does nothing if it has ended before."""
        if self.alive:
            self._process.send_signal(signal.SIGKILL)
            await self._end()

    def end_family(self) -> None:
        """End what the worker's activities have started and left behind; it is dead itself."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # it led a session of its own

    @on_lab_loop
    async def stop(self) -> None:
        """Stop gracefully: no new tasks, running activities may finish for a few seconds, the server is told.

        Raises:
            LabTimeout: It did not end; `crash()` ends it for certain.
        """
        with contextlib.suppress(LabError):
            await self.ready()  # before that it could not tell the server that it leaves
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            await self._end()

    async def _end(self) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._ended)), _END_DEADLINE)
        except TimeoutError:
            raise LabTimeout(
                f"Worker {self.name} (pid {self.pid}) did not end within {_END_DEADLINE:.0f} s: an activity may "
                f"ignore cancellation. `await worker.crash()` ends it."
            ) from None

    def _watch(self, reading: int) -> None:
        """A thread of its own waits for the process, so that no event loop has to."""
        stopped = False
        with os.fdopen(reading, "rb") as reports:
            for line in reports:
                message = json.loads(line)
                if message["event"] == "running":
                    self._change("running")
                    self._ready.set_result(None)
                elif message["event"] == "stopped":
                    stopped = True
                else:
                    self._error = " — ".join(filter(None, (message["message"], message.get("cause"))))
        code = self._process.wait()
        how = "stopped" if stopped and code == 0 else "crashed" if code < 0 else "failed"
        self._ledger.worker_ended(self.pid, how)
        self._change(how)
        if not self._ready.done():
            self._ready.set_exception(LabError(self._why(how)))
        self._ended.set_result(None)

    def _why(self, how: str) -> str:
        if how != "failed":
            return f"Worker {self.name} (pid {self.pid}) {how} before it was ready. Start another one."
        last = self._error or next(iter(self.log.strip().splitlines()[-1:]), "it left no message")
        return (
            f"Worker {self.name} could not start: {last}. "
            "Fix the cause (can the module be imported? does the server live?) and start the worker again."
        )

    def _change(self, state: str) -> None:
        self._state = state
        self.on_change()

    def __repr__(self) -> str:
        return f"Worker {self.name}: {self.state} (pid {self.pid})"
