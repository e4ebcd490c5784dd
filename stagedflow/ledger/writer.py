"""The writing side of the ledger: rows are queued here, and one thread puts them on disk."""

import contextlib
import hashlib
import json
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stagedflow.ledger.reader import connect
from stagedflow.replay.trace import ReplayStep

RETRY_SECONDS = 0.5
MAX_WAITING = 50_000
"""Rows kept while nothing can be written; of more, the oldest are lost."""
UNWRITABLE = (
    *(sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError),
    *(OverflowError, UnicodeError),
)
"""What is wrong with a row, and not with the file."""

_STOP = ("", (), None)
_Row = tuple[str, tuple[Any, ...], "Future[None] | None"]


class LedgerWriter:
    """Queues rows and never makes its caller wait; each method may give back a future that is done when it is on disk.

    A writer thread of its own: with another process holding SQLite's lock for seconds, an activation that waited for
    its row would fail the workflow task (TMPRL1101).

    While the file cannot be written, as on a full disk, rows wait in memory and are tried again.

    Args:
        path: The ledger's file, made before by `Ledger`.
        pid: The process that the rows speak of.

    Attributes:
        trouble: Since when and why nothing can be written, in words, or "".
        lost: How many rows are lost for good.
    """

    def __init__(self, path: Path, *, pid: int) -> None:
        self._pid = pid
        self.trouble = ""
        self.lost = 0
        self._db: sqlite3.Connection | None = None
        self._until = 0.0
        self._queue: queue.SimpleQueue[_Row] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(path,), name="ledger-writer", daemon=True)
        self._thread.start()

    def activation(self, workflow_id: str, run_id: str, file: str, workflow_type: str, step: ReplayStep) -> None:
        """One workflow activation that this process did."""
        self._put(
            "INSERT INTO activations(workflow_id, run_id, workflow_type, file, pid, step) VALUES (?, ?, ?, ?, ?, ?)",
            workflow_id, run_id, workflow_type, file, self._pid, json.dumps(asdict(step) | {"worker": self._pid}),
        )  # fmt: skip

    def sources(self, run_id: str, texts: Mapping[str, str]) -> None:
        """The source files of a run as this process has them: they may be edited later."""
        for file, text in texts.items():
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            self._put("INSERT OR IGNORE INTO texts(hash, text) VALUES (?, ?)", digest, text)
            self._put(
                "INSERT INTO sources(run_id, pid, file, hash) VALUES (?, ?, ?, ?)", run_id, self._pid, file, digest
            )

    def activity_started(
        self, workflow_id: str, run_id: str, activity_id: str, activity_type: str, attempt: int
    ) -> "Future[None]":
        """An activity attempt begins in this process."""
        return self._put(
            "INSERT INTO activities(workflow_id, run_id, activity_id, activity_type, attempt, pid, started) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            workflow_id, run_id, activity_id, activity_type, attempt, self._pid, time.time(),
        )  # fmt: skip

    def activity_finished(self, run_id: str, activity_id: str, attempt: int, outcome: str) -> "Future[None]":
        """The same attempt ends: "completed", "failed" or "cancelled"."""
        return self._put(
            "UPDATE activities SET finished = ?, outcome = ? "
            "WHERE run_id = ? AND activity_id = ? AND attempt = ? AND pid = ?",
            time.time(), outcome, run_id, activity_id, attempt, self._pid,
        )  # fmt: skip

    def worker_started(self, name: str, pid: int, *, records: bool) -> "Future[None]":
        """The kernel has started a worker process."""
        return self._put(
            "INSERT INTO lives(name, pid, started, records) VALUES (?, ?, ?, ?)", name, pid, time.time(), records
        )

    def worker_ended(self, pid: int, how: str) -> "Future[None]":
        """The kernel has seen a worker process end: "stopped", "crashed" or "failed"."""
        return self._put("UPDATE lives SET ended = ?, how = ? WHERE pid = ? AND ended IS NULL", time.time(), how, pid)

    def close(self, *, timeout: float = 5.0) -> None:
        """Write what is queued, for at most `timeout` seconds."""
        self._until = time.monotonic() + timeout
        self._queue.put(_STOP)
        self._thread.join(timeout)

    def _put(self, sql: str, *values: Any) -> "Future[None]":
        done: Future[None] = Future()
        self._queue.put((sql, values, done))
        return done

    def _run(self, path: Path) -> None:
        rows: list[_Row] = []
        while True:
            rows += self._taken(wait=None if not rows else RETRY_SECONDS)
            todo = [row for row in rows if row is not _STOP]
            closing = len(todo) < len(rows)
            self._forget_more_than(MAX_WAITING, todo)
            if not todo or self._written(path, todo):
                rows = []  # else they wait, and the wish to stop with them
            if closing and (not rows or time.monotonic() >= self._until):
                self._disconnect()
                return

    def _taken(self, *, wait: float | None) -> list[_Row]:
        """What is queued; without anything, what comes within `wait` seconds, or first."""
        rows = []
        with contextlib.suppress(queue.Empty):
            rows.append(self._queue.get(timeout=wait))
            while True:
                rows.append(self._queue.get_nowait())
        return rows

    def _forget_more_than(self, most: int, rows: list[_Row]) -> None:
        if len(rows) > most:
            self.lost += len(rows) - most
            del rows[:-most]

    def _written(self, path: Path, rows: list[_Row]) -> bool:
        """Put these rows on disk. False if nothing can be written there now."""
        try:
            self._connect(path)
            try:
                self._insert(rows)
            except UNWRITABLE:
                for row in rows:
                    self._insert_or_lose(row)
        except sqlite3.DatabaseError as error:
            self._disconnect()  # whatever was wrong with the file, the next try begins anew
            if not self.trouble:
                self.trouble = f"since {time.strftime('%H:%M:%S')} nothing can be written to {path}: {error}"
                print(f"stagedflow: {self.trouble}; {len(rows)} rows wait", file=sys.stderr)
            return False
        self.trouble = ""
        for _, _, done in rows:
            # Whoever waited may have been cancelled meanwhile, and with it this future.
            if done and done.set_running_or_notify_cancel():
                done.set_result(None)
        return True

    def _insert(self, rows: Sequence[_Row]) -> None:
        assert self._db is not None
        with self._db:
            for sql, values, _ in rows:
                self._db.execute(sql, values)

    def _insert_or_lose(self, row: _Row) -> None:
        try:
            self._insert([row])
        except UNWRITABLE as error:
            self.lost += 1
            print(f"stagedflow: a ledger row was lost: {error}", file=sys.stderr)

    def _connect(self, path: Path) -> None:
        if self._db is None:
            self._db = connect(path)

    def _disconnect(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None
