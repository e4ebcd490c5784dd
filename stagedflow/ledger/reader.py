"""The ledger: what the workers really did, in one SQLite file that outlives every one of them.

Each worker process writes its own rows as things happen: an activity's start and finish, a workflow's activations. The
kernel writes how each worker's life began and ended. A killed writer loses its unwritten tail and nothing else.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagedflow.errors import LabError
from stagedflow.replay import _sdk
from stagedflow.replay.trace import Numbering, ReplayStep, ReplayTrace, TraceEvent, WorkerLife

SCHEMA = """
CREATE TABLE IF NOT EXISTS lives(
    id INTEGER PRIMARY KEY, name TEXT, pid INTEGER, started REAL, ended REAL, how TEXT, records INTEGER);
CREATE TABLE IF NOT EXISTS activities(
    id INTEGER PRIMARY KEY, workflow_id TEXT, run_id TEXT, activity_id TEXT, activity_type TEXT,
    attempt INTEGER, pid INTEGER, started REAL, finished REAL, outcome TEXT);
CREATE TABLE IF NOT EXISTS activations(
    id INTEGER PRIMARY KEY, workflow_id TEXT, run_id TEXT, workflow_type TEXT, file TEXT, pid INTEGER, step TEXT);
CREATE TABLE IF NOT EXISTS sources(id INTEGER PRIMARY KEY, run_id TEXT, pid INTEGER, file TEXT, hash TEXT);
CREATE TABLE IF NOT EXISTS texts(hash TEXT PRIMARY KEY, text TEXT);
CREATE INDEX IF NOT EXISTS sources_of_run ON sources(run_id);
CREATE INDEX IF NOT EXISTS activities_of_run ON activities(run_id);
CREATE INDEX IF NOT EXISTS activations_of_run ON activations(run_id);
"""


@dataclass(frozen=True)
class ActivityCount:
    """How often an activity of one workflow was started by a worker, and how often it completed."""

    started: int
    completed: int


@dataclass(frozen=True)
class ActivityAttempt:
    """One attempt of one activity: the row that the worker wrote when it began, and when it ended if it did.

    Attributes:
        activity_id: Temporal's id of the activity in its run.
        started: Seconds since the epoch.
        finished: Seconds since the epoch, or None: still at work, or its worker died in it.
        outcome: "completed", "failed", "cancelled", or None like `finished`.
    """

    activity_type: str
    activity_id: str
    attempt: int
    pid: int
    started: float
    finished: float | None
    outcome: str | None


@dataclass(frozen=True)
class Activation:
    """One row of an activation: its number in the ledger, the workflow's type and source file, and the step."""

    row: int
    workflow_type: str
    file: str
    step: ReplayStep


@dataclass(frozen=True)
class Sources:
    """The source of a run.

    Attributes:
        texts: File -> text, as the latest worker had it.
        others: `(file, pid)` of each worker that had another text of that file.
    """

    texts: dict[str, str]
    others: tuple[tuple[str, int], ...] = ()

    def notes(self, lives: Sequence[WorkerLife]) -> tuple[str, ...]:
        """For each worker that ran another text than the one shown: a sentence that says so."""
        names = {life.pid: f"worker {life.name} (pid {life.pid})" for life in lives}
        return tuple(
            f"{Path(file).name} was edited in between: the lines of {names.get(pid, f'pid {pid}')} are those of an "
            "earlier text than the one shown."
            for file, pid in self.others
        )


class Ledger:
    """Reads the ledger; every answer is what is on disk at that moment.

    Args:
        path: The SQLite file; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch(mode=0o600)
        with contextlib.closing(connect(path)) as db:
            db.executescript(SCHEMA)

    def activity_counts(self, workflow_id: str, *, run_id: str | None = None) -> dict[str, ActivityCount]:
        """Starts and completions of each activity type, counted from rows that the workers wrote.

        Args:
            workflow_id: The workflow's id.
            run_id: One run of it; by default the one that the ledger heard of last.
        """
        run_id = run_id or self.latest_run(workflow_id)
        rows = self._rows(
            "SELECT activity_type, COUNT(*), SUM(outcome = 'completed') FROM activities "
            "WHERE run_id = ? GROUP BY activity_type ORDER BY MIN(id)",
            run_id,
        )
        return {name: ActivityCount(started, completed or 0) for name, started, completed in rows}

    def attempts(self, run_id: str) -> tuple[ActivityAttempt, ...]:
        """Every activity attempt of one run, in the order of their start."""
        return tuple(
            ActivityAttempt(*row)
            for row in self._rows(
                "SELECT activity_type, activity_id, attempt, pid, started, finished, outcome "
                "FROM activities WHERE run_id = ? ORDER BY id",
                run_id,
            )
        )

    def lives(self) -> tuple[WorkerLife, ...]:
        """Every worker's life, the oldest first."""
        rows = self._rows("SELECT name, pid, started, ended, how, records FROM lives ORDER BY id")
        return tuple(
            WorkerLife(name, pid, started, ended, how, bool(records))
            for name, pid, started, ended, how, records in rows
        )

    def trace(self, run_id: str) -> ReplayTrace:
        """What the workers really did with one run: every activation that they recorded, in order."""
        rows = self.activations(run_id)
        steps = tuple(map(Numbering().next, (row.step for row in rows)))
        return self.assemble(run_id, rows[-1] if rows else None, steps, self.lives())

    def assemble(
        self,
        run_id: str,
        last: Activation | None,
        steps: tuple[ReplayStep, ...],
        lives: Iterable[WorkerLife],
        events: tuple[TraceEvent, ...] = (),
    ) -> ReplayTrace:
        """A run's trace from its rows: `steps` are theirs, numbered, and perhaps matched with `events`."""
        if last is None:
            return ReplayTrace(events=events)
        pids = {step.worker for step in steps}
        took_part = tuple(life for life in lives if life.pid in pids)
        sources = self.sources(run_id)
        return ReplayTrace(
            steps,
            workflow_type=last.workflow_type,
            file=last.file,
            events=events,
            lives=took_part,
            sources=sources.texts,
            notes=(*filter(None, [_sdk.untried()]), *sources.notes(took_part)),
        )

    def activations(self, run_id: str, *, after: int = 0) -> list[Activation]:
        """The recorded activations of one run whose row is beyond `after`, in order: to read on from the last time."""
        rows = self._rows(
            "SELECT id, workflow_type, file, step FROM activations WHERE run_id = ? AND id > ? ORDER BY id",
            run_id, after,
        )  # fmt: skip
        return [Activation(id, kind, file, ReplayStep.from_dict(json.loads(step))) for id, kind, file, step in rows]

    def sources(self, run_id: str) -> Sources:
        """Each source file that a run has executed, as its latest worker had it."""
        rows = self._rows(
            "SELECT file, pid, hash, text FROM sources JOIN texts USING (hash) WHERE run_id = ? ORDER BY sources.id",
            run_id,
        )
        texts = {file: text for file, _, _, text in rows}
        latest = {file: hash for file, _, hash, _ in rows}
        others = {(file, pid) for file, pid, hash, _ in rows if hash != latest[file]}
        return Sources(texts, tuple(sorted(others)))

    def latest_run(self, workflow_id: str) -> str | None:
        """The run of this workflow that a worker wrote of last, or None."""
        rows = self._rows(
            "SELECT run_id FROM (SELECT run_id, MAX(json_extract(step, '$.at')) at FROM activations "
            "WHERE workflow_id = ? GROUP BY run_id UNION ALL SELECT run_id, MAX(started) FROM activities "
            "WHERE workflow_id = ? GROUP BY run_id) ORDER BY at DESC LIMIT 1",
            workflow_id, workflow_id,
        )  # fmt: skip
        return rows[0][0] if rows else None

    def version(self) -> int:
        """A number that grows with every row: a cheap way to ask "is there anything new?"."""
        rows = self._rows(
            "SELECT (SELECT COALESCE(MAX(id), 0) FROM activations) + "
            "(SELECT COUNT(*) + COUNT(finished) FROM activities) + (SELECT COUNT(*) + COUNT(ended) FROM lives)"
        )
        return int(rows[0][0])

    def _rows(self, sql: str, *values: object) -> Sequence[Any]:
        if not self.path.exists():
            raise LabError("The ledger has gone with its lab, which is closed. `lab = await Lab.start()` starts anew.")
        try:
            with contextlib.closing(connect(self.path)) as db:
                return db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise LabError(f"The ledger at {self.path} cannot be read: {error}.") from None

    def __repr__(self) -> str:
        return "Ledger(activity starts and finishes, worker lives, activations)"


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the ledger, as every reader and writer uses it; a file that is not there is not made."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=60, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")  # readers never wait for a writer
    db.execute("PRAGMA synchronous=NORMAL")  # a SIGKILL loses nothing committed; only a power cut could
    return db
