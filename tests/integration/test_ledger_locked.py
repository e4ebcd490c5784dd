"""Somebody else holds the ledger's lock: the workflow must not feel it."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from stagedflow import Lab
from tests.integration.story import assert_counts, assert_timeouts, history, start, watching

LOCK_SECONDS = 4
LOCK = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


def locking(path: Path) -> "subprocess.Popen[bytes]":
    """Another process that holds SQLite's exclusive lock from now on."""
    other = subprocess.Popen([sys.executable, "-c", LOCK, str(path), str(LOCK_SECONDS)], stdout=subprocess.PIPE)
    assert other.stdout and other.stdout.readline() == b"locked\n"
    return other


async def test_a_ledger_locked_for_four_seconds_fails_no_workflow_task_and_loses_no_row(lab: Lab) -> None:
    worker = await lab.start_worker("A")
    with locking(lab.ledger.path) as other:
        handle = await start(lab)
        await handle.signal("advance_stage", 3)
        async with watching(lab, handle) as watch:
            await watch.until(lambda f: f.run.completed >= 1)
            assert other.poll() is None, "the lock must outlive the first activity, or this shows nothing"
            began = time.monotonic()
            assert (await watch.facts()).attempts == ()
            assert time.monotonic() - began < 1  # a reader never waits for it
        assert await asyncio.wait_for(handle.result(), 60) == "gateways healthy"
        other.wait(30)
    async with watching(lab, handle) as watch:
        await watch.until(lambda f: sum(c.completed for c in f.counts.values()) == 4 and not f.ledger_lags)
    run = await history(handle)
    assert [t.outcome for t in run.tasks] == ["completed"] * len(run.tasks)
    assert_timeouts(run)
    assert_counts(lab)
    trace = lab.ledger.trace(handle.result_run_id or "")
    assert len(trace.steps) == len(run.tasks)
    assert trace.workers == (worker.pid,)
