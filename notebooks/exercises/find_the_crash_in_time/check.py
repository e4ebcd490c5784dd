"""A worker dies inside the activity: attempt 2 must come soon, and must be given the time that it needs."""

import asyncio

from stagedflow.course.trial import Trial, Wrong

FOUND = 5.0
"""Seconds from the new worker's start within which attempt 2 must have begun."""
HEALTHY = 6.0


async def check(trial: Trial) -> str:
    """Kill the worker in attempt 1, and look at attempt 2."""
    trial.must_have(workflow="Flash", activities=["flash_firmware"])
    await trial.work()
    handle = await trial.start("Flash", "gateways")
    await trial.until(handle, lambda _: bool(trial.counts(handle)), "The activity was not started.")
    await trial.crash(handle)

    clock = asyncio.get_running_loop().time
    deadline = clock() + FOUND
    while (attempt := _started(trial, handle)) < 2:
        run = await trial.run(handle)
        if run.closed:
            raise Wrong(
                f"The worker was killed in attempt 1, and there was no attempt 2: the workflow has {run.status}. "
                "What found the crash left no time, or no attempt, for another try."
            )
        if clock() > deadline:
            raise Wrong(
                "The worker was killed in attempt 1. 5 s later there was no attempt 2: the server still takes the "
                "dead attempt for one that works. It waits for a timeout of that one attempt."
            )
        await asyncio.sleep(0.05)

    deadline = clock() + HEALTHY
    while not (run := await trial.run(handle)).closed and clock() < deadline:
        attempt, why = await _pending(handle)
        if attempt > 2 and "imeout" not in why:
            raise Wrong(f"Nothing was killed in attempt 2, and it ended. {await trial.now(handle)}")
        if attempt > 2:
            raise Wrong(
                f"Nothing was killed in attempt 2, and it was given up all the same ({why}). A healthy attempt "
                "takes 1 s: it must be given more than that."
            )
        await asyncio.sleep(0.05)
    if run.status != "completed":
        raise Wrong(f"Attempt 2 had a living worker, and the workflow did not complete. {await trial.now(handle)}")
    if _started(trial, handle) > 2:
        raise Wrong("Nothing was killed in attempt 2, and there was an attempt 3 all the same.")
    return "The worker died in attempt 1, attempt 2 began within 5 s, and it had the time to complete."


def _started(trial, handle) -> int:
    """The latest attempt that a worker has begun."""
    return max((a.attempt for a in trial.lab.ledger.attempts(handle.result_run_id)), default=0)


async def _pending(handle) -> tuple[int, str]:
    """The attempt that is at work or comes next, and what ended the one before."""
    for each in (await handle.describe()).raw_description.pending_activities:
        return each.attempt, each.last_failure.message
    return 0, ""
