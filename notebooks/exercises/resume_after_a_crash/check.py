"""A long activity loses its worker in the middle: it must go on there, and a healthy attempt must not be given up."""

import ast
import asyncio
import os
import signal
import tempfile
from pathlib import Path

from temporalio.api.enums.v1 import TimeoutType
from temporalio.api.workflow.v1 import PendingActivityInfo

from stagedflow.course.trial import Trial, Wrong, require
from stagedflow.lab.worker import WorkerProcess

DEVICES = 11
MIDDLE = range(2, 10)
"""The worker is killed right after a heartbeat that comes while so many devices are flashed; else at the end of it."""
FOUND = 5.0
"""Seconds from the new worker's start within which the next device must be flashed."""
DEVICE = 0.3
"""Seconds that one device takes."""
ON_THE_WAY = 0.1
"""Seconds that a heartbeat may be on its way to the server: one that came sooner after a device may have been sent
before that device was done."""
TRIES = 3
"""So many runs are killed at the most until it is certain what the last heartbeat of one told."""
AGAIN = 2
"""So many devices may be flashed twice."""


async def check(trial: Trial) -> str:
    """Kill the worker in the middle, and read off the log what was flashed."""
    trial.must_have(workflow="FlashFleet")
    await trial.work()
    for number in range(1, TRIES + 1):
        with tempfile.TemporaryDirectory() as folder:
            if await _killed_once(trial, f"check-flash-fleet-{number}", Path(folder, "flashed.txt")):
                break
    return "The worker died in the middle. The next attempt went on there, and each device is flashed."


async def _killed_once(trial: Trial, id: str, log: Path) -> bool:
    """Kill the worker in the middle of a run; True if it is certain what the last heartbeat told."""
    handle = await trial.start("FlashFleet", str(log), id=id)
    worker = trial.lab.worker
    clear = await _in_the_middle(trial, worker, handle, log)
    await worker.crash()
    await trial.crash(handle)
    before = _flashed(log)
    await _noticed(trial, handle, log, len(before))
    for first in _flashed(log)[len(before) :][:1]:
        require(
            first > max(before) - AGAIN,
            f"The worker was killed in the middle. The next attempt began with device {first}, though many more were "
            "flashed already. The server keeps what the last heartbeat told; an attempt finds it in "
            "activity.info().heartbeat_details.",
        )
    await trial.result(handle)
    flashed = _flashed(log)
    missing = sorted(set(range(DEVICES)) - set(flashed))
    require(
        not missing,
        f"The workflow completed, and device {missing[0] if missing else ''} was never flashed. It was in the "
        "works when the worker died: what the last heartbeat told must be done, not begun.",
    )
    again = len(flashed) - len(set(flashed))
    require(again <= AGAIN, f"The workflow completed, and {again} devices were flashed twice.")
    attempts = max((a.attempt for a in trial.lab.ledger.attempts(handle.result_run_id)), default=0)
    require(
        attempts <= 2,
        f"The worker was killed once, and there were {attempts} attempts: a healthy one was given up.",
    )
    return clear


async def _in_the_middle(trial: Trial, worker: WorkerProcess, handle, log: Path) -> bool:
    """Wait until a heartbeat has come in the middle of the work, and no device since; without heartbeats, until later.

    Then the device after the heartbeat is in the works, and the worker stands still: on a busy machine, it would finish
    that device before it is killed.

    Returns:
        True if the heartbeat came so long after the last device that it was sent after it, too.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + 8
    heard = None
    while True:
        run = await trial.run(handle)
        if run.closed or clock() > deadline:
            raise Wrong(f"The check waited for the middle of the work, and it did not come. {await trial.now(handle)}")
        before = heard
        pending = (await handle.describe()).raw_description.pending_activities
        heard = next((p.last_heartbeat_time.ToNanoseconds() for p in pending), 0)
        done = len(_flashed(log))
        if done >= MIDDLE.stop:
            return False
        if done in MIDDLE and before is not None and heard > before:
            os.kill(worker.pid, signal.SIGSTOP)
            since = heard - os.stat(log).st_mtime_ns
            if since > 0:
                return since > ON_THE_WAY * 1e9
            os.kill(worker.pid, signal.SIGCONT)
        for each in pending:
            if each.attempt > 1:
                raise Wrong(
                    f"Nothing was killed yet, and there is an attempt {each.attempt}. {await _why(trial, each, handle)}"
                )
        await asyncio.sleep(0.01)


async def _why(trial: Trial, pending: PendingActivityInfo, handle) -> str:
    """What ended the healthy attempt before this one, and what cures it."""
    failure = pending.last_failure
    if failure.timeout_failure_info.timeout_type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE:
        return (
            f"Attempt 1 was healthy, and start-to-close ended it: {DEVICES} devices take {DEVICES * DEVICE:.1f} s, and "
            "it must be longer. Let a heartbeat timeout find the crash."
        )
    if failure.timeout_failure_info.timeout_type != TimeoutType.TIMEOUT_TYPE_HEARTBEAT:
        return f'Attempt 1 ended with "{failure.message}". {await trial.now(handle)}'
    for event in (await trial.history(handle)).events:
        given = event.activity_task_scheduled_event_attributes.heartbeat_timeout.ToMilliseconds() / 1000
        if 0 < given <= DEVICE:
            return (
                f"The heartbeat timeout is {given:g} s, and one device takes {DEVICE:g} s: between two heartbeats a "
                "healthy attempt is taken for a dead one. It must be longer than one device takes."
            )
    if _blocks_the_loop(trial.source):
        return (
            "Attempt 1 was healthy. Its code calls activity.heartbeat(...), but no heartbeat came within the heartbeat "
            "timeout. The activity is an async def: the event loop sends its heartbeats, and a blocking call such as "
            "time.sleep holds the loop up. Make the activity a def, which runs in a thread, or await instead of "
            "blocking."
        )
    return (
        "Attempt 1 was healthy, and no heartbeat came within the heartbeat timeout. The activity must call "
        "activity.heartbeat(...) after each device, and the timeout must be longer than one device takes."
    )


def _blocks_the_loop(source: str) -> bool:
    """True if an async def calls heartbeat. One that came to this point has sent none, so its loop did not run."""
    return any(
        isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "heartbeat"
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.AsyncFunctionDef)
        for call in ast.walk(function)
    )


async def _noticed(trial: Trial, handle, log: Path, before: int) -> None:
    """Wait until one device more is flashed, or the workflow has completed without."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + FOUND
    while len(_flashed(log)) <= before:
        run = await trial.run(handle)
        if run.status == "completed":
            return
        if run.closed:
            raise Wrong(
                f"The worker was killed in the middle, and no device was flashed any more: the workflow has "
                f"{run.status}. What found the crash left no time, or no attempt, for another try."
            )
        if clock() > deadline:
            latest = max((a.attempt for a in trial.lab.ledger.attempts(handle.result_run_id)), default=1)
            require(
                latest < 2,
                f"The worker was killed in the middle. The next attempt began, but 5 s later no device more was "
                f"flashed. {await trial.now(handle)}",
            )
            raise Wrong(
                "The worker was killed in the middle. 5 s later no device more was flashed: nobody has noticed that "
                "it is dead. The server misses heartbeats only where the workflow sets a heartbeat timeout."
            )
        await asyncio.sleep(0.05)


def _flashed(log: Path) -> list[int]:
    """The devices in the order in which they were flashed."""
    return [int(line) for line in log.read_text().split() if line.isdigit()] if log.exists() else []
