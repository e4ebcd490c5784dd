"""The lab's worker processes: at most one that lives under each name."""

import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from stagedflow.errors import LabError
from stagedflow.lab.serving import WorkerSpec
from stagedflow.lab.worker import WorkerProcess
from stagedflow.ledger.writer import LedgerWriter

KEPT_LOGS = 20
"""So many ended workers' logs are kept: a long class crashes hundreds of workers."""
_LETTERS = [chr(ord("A") + i) for i in range(26)]
_NAMES = (*_LETTERS, *(f"W{i}" for i in range(27, 10_000)))


class Crew:
    """Every worker started so far.

    Args:
        settings: What all of them are told, whatever they serve.
        folder: Where their output goes.
        ledger: Where their lives are written.
        on_change: Called (from any thread) when one starts or its state changes.

    Attributes:
        by_name: In the order started; of two with one name the later.
        ended: Process id -> how and when (seconds since the epoch) a worker has ended.
    """

    def __init__(
        self, settings: Mapping[str, Any], folder: Path, ledger: LedgerWriter, on_change: Callable[[], None]
    ) -> None:
        self.by_name: dict[str, WorkerProcess] = {}
        self.ended: dict[int, tuple[str, float]] = {}
        self._settings = settings
        self._folder = folder
        self._ledger = ledger
        self._on_change = on_change
        self._logs: deque[Path] = deque()

    @property
    def current(self) -> WorkerProcess | None:
        """The one started last of those alive, else the one started last."""
        started = list(self.by_name.values())
        candidates = [w for w in started if w.alive] or started
        return candidates[-1] if candidates else None

    def next_name(self) -> str:
        """The first letter that no worker has had; after Z come numbers."""
        return next(name for name in _NAMES if name not in self.by_name)

    def hire(self, name: str, spec: WorkerSpec) -> WorkerProcess:
        """The living worker of this name, or a new process; it may not be ready yet.

        Raises:
            LabError: A name that cannot be one, or a living worker of this name that serves something else.
        """
        if not re.fullmatch(r"[\w-]{1,40}", name):
            raise LabError(f"A worker's name is made of letters, digits, - and _, 40 at the most; {name!r} is not.")
        worker = self.by_name.get(name)
        if worker and worker.alive and worker.spec != spec:
            raise LabError(
                f"Worker {name} (pid {worker.pid}) is alive and serves something else, or with other settings. "
                f"End it first (`await lab.workers[{name!r}].stop()`), or choose another name."
            )
        if not worker or not worker.alive:
            config = {**self._settings, "sys_path": [p or os.getcwd() for p in sys.path]}
            self.by_name.pop(name, None)  # so that the new one comes last
            worker = self.by_name[name] = WorkerProcess(name, spec, config, self._folder, self._ledger)
            self.ended.pop(worker.pid, None)
            worker.on_change = partial(self._changed, worker)
            self._on_change()
        return worker

    def _changed(self, worker: WorkerProcess) -> None:
        if not worker.alive:
            self.ended.setdefault(worker.pid, (worker.state, time.time()))
            self._logs.append(worker.log_path)
            while len(self._logs) > KEPT_LOGS:
                self._logs.popleft().unlink(missing_ok=True)
        self._on_change()
