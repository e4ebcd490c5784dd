"""The writing side of the ledger: rows are queued here, and one thread puts them on disk."""

import hashlib
import json
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stagedflow.ledger.reader import connect
from stagedflow.replay.trace import ReplayStep

_STOP = ("", (), None)
_Row = tuple[str, tuple[Any, ...], "Future[None] | None"]


class LedgerWriter:
    """Queues rows and never makes its caller wait; each method may give back a future that is done when it is on disk.

    A writer thread of its own: with another process holding SQLite's lock for seconds, an activation that waited for
    its row would fail the workflow task (TMPRL1101).

    Args:
        path: The ledger's file, made before by `Ledger`.
        pid: The process that the rows speak of.
    """

    def __init__(self, path: Path, *, pid: int) -> None:
        self._pid = pid
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
        self._queue.put(_STOP)
        self._thread.join(timeout)

    def _put(self, sql: str, *values: Any) -> "Future[None]":
        done: Future[None] = Future()
        self._queue.put((sql, values, done))
        return done

    def _run(self, path: Path) -> None:
        db = connect(path)
        while True:
            rows = [self._queue.get()]
            while not self._queue.empty():
                rows.append(self._queue.get())
            todo = [row for row in rows if row is not _STOP]
            self._write(db, todo)
            for _, _, done in todo:
                # Whoever waited may have been cancelled meanwhile, and with it this future.
                if done and done.set_running_or_notify_cancel():
                    done.set_result(None)
            if len(todo) < len(rows):
                db.close()
                return

    def _write(self, db: sqlite3.Connection, rows: list[_Row]) -> None:
        while rows:
            try:
                with db:
                    for sql, values, _ in rows:
                        db.execute(sql, values)
                return
            except Exception as error:
                if "locked" not in str(error):
                    print(f"stagedflow: {len(rows)} ledger rows were lost: {error}", file=sys.stderr)
                    return
                time.sleep(0.05)  # the other process holds the lock for longer than a minute: keep trying
