"""Somebody else holds the ledger's lock: the workflow must not feel it."""

import asyncio
import subprocess
import sys
from pathlib import Path

from stagedflow import Lab
from tests.integration.story import assert_counts, assert_timeouts, history, start, watching

LOCK_SECONDS = 4
LOCK = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
began = time.monotonic()
sys.stdin.readline()
time.sleep(max(0, float(sys.argv[2]) - (time.monotonic() - began)))
"""


def locking(path: Path) -> "subprocess.Popen[bytes]":
    """Another process that holds SQLite's exclusive lock from now on: until it is told, and for four seconds."""
    script = [sys.executable, "-c", LOCK, str(path), str(LOCK_SECONDS)]
    other = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout and other.stdout.readline() == b"locked\n"
    return other


async def test_a_ledger_locked_for_four_seconds_or_more_fails_no_workflow_task_and_loses_no_row(lab: Lab) -> None:
    worker = await lab.start_worker("A")
    with locking(lab.ledger.path) as other:
        handle = await start(lab)
        await handle.signal("advance_stage", 3)
        async with watching(lab, handle) as watch:
            await watch.until(lambda f: f.run.completed >= 1)
            # Locked still, until the next line: a reader never waits for it, and sees nothing.
            assert (await asyncio.wait_for(watch.facts(), 30)).attempts == ()
        assert other.stdin
        other.stdin.close()
        assert await asyncio.wait_for(handle.result(), 120) == "gateways healthy"
        other.wait(120)
    async with watching(lab, handle) as watch:
        await watch.until(lambda f: sum(c.completed for c in f.counts.values()) == 4 and not f.ledger_lags)
    run = await history(handle)
    assert [t.outcome for t in run.tasks] == ["completed"] * len(run.tasks)
    assert_timeouts(run)
    assert_counts(lab)
    trace = lab.ledger.trace(handle.result_run_id or "")
    assert len(trace.steps) == len(run.tasks)
    assert trace.workers == (worker.pid,)
