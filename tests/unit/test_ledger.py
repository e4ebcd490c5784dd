"""The ledger on disk: counts by run, what a killed writer leaves, and a database that somebody else has locked."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stagedflow.errors import LabError
from stagedflow.ledger import writer as writer_module
from stagedflow.ledger.reader import ActivityCount, Ledger, connect
from stagedflow.ledger.writer import LedgerWriter
from stagedflow.replay.trace import ReplayStep

KILLED = """
import os, pathlib, signal, sys
from stagedflow.ledger.writer import LedgerWriter
writer = LedgerWriter(pathlib.Path(sys.argv[1]), pid=77)
for n in range(50):
    last = writer.activity_started("w", "r", str(n), "flash", 1)
last.result(20)
for n in range(50, 100_000):
    writer.activity_started("w", "r", str(n), "flash", 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
LOCKED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


@contextmanager
def writing(ledger: Ledger, pid: int = 1) -> Iterator[LedgerWriter]:
    """A writer; all its rows are on disk afterwards."""
    writer = LedgerWriter(ledger.path, pid=pid)
    yield writer
    writer.close()


@contextmanager
def locked_by_another_process(ledger: Ledger) -> Iterator[None]:
    """SQLite's exclusive lock, held by another process."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED, str(ledger.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout and other.stdout.readline() == b"locked\n"
        yield
        other.communicate(timeout=60)


def test_counts_are_of_one_run_the_latest_by_default(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        for run, attempts in (("r1", 2), ("r2", 1)):
            for attempt in range(1, attempts + 1):
                writer.activity_started("w", run, "1", "flash", attempt)
            writer.activity_finished(run, "1", attempts, "completed")
        writer.activity_started("other", "r3", "1", "flash", 1)
    assert ledger.latest_run("w") == "r2"
    assert ledger.activity_counts("w") == {"flash": ActivityCount(1, 1)}
    assert ledger.activity_counts("w", run_id="r1") == {"flash": ActivityCount(2, 1)}
    assert ledger.activity_counts("other") == {"flash": ActivityCount(1, 0)}
    assert ledger.activity_counts("nobody") == {}


def test_a_run_with_an_activation_and_no_activity_yet_counts_as_the_latest(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        writer.activity_started("w", "r1", "1", "flash", 1)
        writer.activation("w", "r2", "staged.py", "W", ReplayStep(0, False, at=time.time() + 1))
    assert ledger.latest_run("w") == "r2"
    assert ledger.activity_counts("w") == {}


def test_an_attempt_keeps_its_process_and_its_outcome(ledger: Ledger) -> None:
    with writing(ledger, pid=5) as dead:
        dead.activity_started("w", "r", "1", "flash", 1)
    with writing(ledger, pid=6) as alive:
        alive.activity_started("w", "r", "1", "flash", 2)
        alive.activity_finished("r", "1", 2, "failed")
    first, second = ledger.attempts("r")
    assert (first.pid, first.attempt, first.finished, first.outcome) == (5, 1, None, None)
    assert (second.pid, second.attempt, second.outcome) == (6, 2, "failed")
    assert second.finished is not None and second.finished >= second.started


def test_a_trace_comes_back_in_order_with_the_process_of_each_step(ledger: Ledger) -> None:
    for pid, replaying in ((5, False), (6, True)):
        with writing(ledger, pid=pid) as writer:
            writer.activation("w", "r", "staged.py", "W", ReplayStep(0, replaying, lines=(("staged.py", 59),)))
    trace = ledger.trace("r")
    assert [(s.index, s.worker, s.is_replaying, s.lines) for s in trace.steps] == [
        (0, 5, False, (("staged.py", 59),)),
        (1, 6, True, (("staged.py", 59),)),
    ]
    assert (trace.workflow_type, trace.file) == ("W", "staged.py")
    assert ledger.trace("unknown").steps == ()


def test_a_run_keeps_its_source_as_its_latest_worker_had_it(ledger: Ledger) -> None:
    for pid, text in ((5, "old"), (6, "new")):
        with writing(ledger, pid=pid) as writer:
            writer.activation("w", "r", "staged.py", "W", ReplayStep(0, False, lines=(("staged.py", 59),)))
            writer.sources("r", {"staged.py": text})
        with writing(ledger) as writer:
            writer.worker_started("AB"[pid - 5], pid, records=True)
    trace = ledger.trace("r")
    assert trace.sources == {"staged.py": "new"}
    assert len(trace.notes) == 1 and "worker A (pid 5)" in trace.notes[0]
    assert ledger.sources("another").texts == {}


def test_only_the_activations_beyond_a_row_are_read(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        for reason in range(3):
            writer.activation("w", "r", "f", "W", ReplayStep(0, False, failure=str(reason)))
            writer.activation("w", "other", "f", "W", ReplayStep(0, False))
    first, *rest = ledger.activations("r")
    assert [a.step.failure for a in (first, *rest)] == ["0", "1", "2"]
    assert ledger.activations("r", after=first.row) == rest


def test_a_worker_life_ends_once_and_a_pid_may_come_again(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        writer.worker_started("A", 9, records=True)
        writer.worker_ended(9, "crashed")
        writer.worker_started("B", 9, records=False)
    first, second = ledger.lives()
    assert (first.name, first.how, first.records) == ("A", "crashed", True)
    assert (second.name, second.how, second.ended, second.records) == ("B", None, None, False)


def test_every_row_and_every_end_is_a_new_version(ledger: Ledger) -> None:
    writer = LedgerWriter(ledger.path, pid=1)
    versions = [ledger.version()]
    for row in (
        lambda: writer.worker_started("A", 1, records=True),
        lambda: writer.activity_started("w", "r", "1", "flash", 1),
        lambda: writer.activity_finished("r", "1", 1, "completed"),
        lambda: writer.worker_ended(1, "stopped"),
    ):
        row().result(60)
        versions.append(ledger.version())
    writer.close()
    assert versions == sorted(set(versions))


def test_a_killed_writer_loses_its_unwritten_tail_and_nothing_else(ledger: Ledger) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(ledger.path)], timeout=300)
    assert killed.returncode == -9
    ids = [int(a.activity_id) for a in ledger.attempts("r")]
    assert 50 <= len(ids) < 100_000
    assert ids == list(range(len(ids)))
    with writing(ledger, pid=78) as writer:  # and the next one can go on
        writer.activity_started("w", "r", "next", "flash", 2)
    assert ledger.attempts("r")[-1].pid == 78


def test_a_lock_of_another_process_makes_no_caller_wait_and_loses_no_row(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        with locked_by_another_process(ledger):
            began = time.monotonic()
            rows = [writer.activity_started("w", "r", str(n), "flash", 1) for n in range(200)]
            writer.activation("w", "r", "staged.py", "W", ReplayStep(0, False))
            assert time.monotonic() - began < 30  # who waits for SQLite's lock does so for 60 s
            began = time.monotonic()
            assert ledger.attempts("r") == ()
            assert ledger.version() == 0
            assert time.monotonic() - began < 30  # who waits for SQLite's lock does so for 60 s
            assert not any(row.done() for row in rows)
        rows[-1].result(60)
    assert len(ledger.attempts("r")) == 200
    assert len(ledger.trace("r").steps) == 1


def test_a_full_disk_is_told_and_what_waited_is_written_once_there_is_room(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def on_a_full_disk(path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.execute("PRAGMA max_page_count = 1")  # SQLite takes the pages that there are: each further one is too much
        return db

    monkeypatch.setattr(writer_module, "connect", on_a_full_disk)
    with writing(ledger) as writer:
        writer.worker_started("A", 9, records=True).result(60)
        late = writer.sources("r", {"staged.py": "x" * 100_000})
        crashed = writer.worker_ended(9, "crashed")
        until(lambda: writer.trouble)
        assert "nothing can be written to" in writer.trouble and "database or disk is full" in writer.trouble
        assert not crashed.done()
        monkeypatch.setattr(writer_module, "connect", connect)
        crashed.result(60)
        until(lambda: not writer.trouble)
    assert late is None and writer.lost == 0
    assert ledger.lives()[0].how == "crashed"
    assert ledger.sources("r").texts == {"staged.py": "x" * 100_000}
    assert capfd.readouterr().err.count("nothing can be written") == 1


def test_a_row_that_cannot_be_written_takes_no_other_with_it(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        for name in ("one", "\ud800", "two"):
            writer.activity_started("w", "r", name, "flash", 1)
    assert [attempt.activity_id for attempt in ledger.attempts("r")] == ["one", "two"]
    assert writer.lost == 1 and not writer.trouble


def test_a_ledger_that_was_removed_is_told_in_words_and_not_made_anew(ledger: Ledger) -> None:
    ledger.path.unlink()
    with pytest.raises(LabError, match="The ledger has gone"):
        ledger.lives()
    writer = LedgerWriter(ledger.path, pid=1)
    writer.worker_started("A", 1, records=True)
    until(lambda: writer.trouble)
    writer.close(timeout=0.1)
    assert "unable to open" in writer.trouble and not ledger.path.exists()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_a_row_that_is_on_disk_can_be_awaited(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        await asyncio.wait_for(asyncio.wrap_future(writer.activity_started("w", "r", "1", "flash", 1)), 10)
        assert len(ledger.attempts("r")) == 1


def test_a_waiter_that_was_cancelled_takes_no_later_row_with_it(ledger: Ledger) -> None:
    with writing(ledger) as writer:
        with locked_by_another_process(ledger):
            given_up = writer.activity_started("w", "r", "1", "flash", 1)
            assert given_up.cancel()
        writer.activity_finished("r", "1", 1, "completed").result(20)
    assert ledger.activity_counts("w") == {"flash": ActivityCount(1, 1)}
