"""For the checks of lesson 06: time passes on the time-skipping server, and the workflow comes to rest."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from stagedflow.course.patience import patience
from stagedflow.course.trial import POLL, Trial, Wrong
from stagedflow.history.runs import Run

SECONDS = 5.0
"""Of real time, for what takes a tenth of a second."""


async def after(trial: Trial, handle: WorkflowHandle[Any, Any], **time: float) -> Run:
    """Let so much time pass (`days=3`), wait until the workflow rests, and give its run.

    Raises:
        Wrong: A workflow task failed, or there is no end of work in that time.
    """
    await at_rest(trial, handle)
    words = ", ".join(f"{number:g} {unit}" for unit, number in time.items())
    passing = asyncio.ensure_future(trial.lab.env.sleep(timedelta(**time)))
    try:
        async with asyncio.timeout(patience(SECONDS)):
            while not (await asyncio.wait({passing}, timeout=POLL * 2))[0]:
                await trial.run(handle)  # raises if a workflow task of it failed
        await passing
    except TimeoutError:
        raise Wrong(
            f"{words} of the workflow's time did not pass within {SECONDS:.0f} s: there is too much to do. "
            f"{await trial.now(handle)} Does an activity fail or hang, or does a loop turn too often?"
        ) from None
    finally:
        passing.cancel()
    return await at_rest(trial, handle)


async def at_rest(trial: Trial, handle: WorkflowHandle[Any, Any]) -> Run:
    """Wait until the workflow has handled all that has come, and give its run.

    Raises:
        Wrong: A workflow task failed, or it does not come to rest.
    """
    return await trial.settled(handle, seconds=SECONDS / 2)


async def ran(trial: Trial, handle: WorkflowHandle[Any, Any], run: Run, activity: str) -> int:
    """How often an activity has completed: from the ledger, once its rows have caught up with the run's history."""
    known = sum(a.type == activity and a.outcome == "completed" for a in run.activities)
    for _ in range(20):
        count = trial.counts(handle).get(activity)
        completed = count.completed if count else 0
        if completed >= known:
            break
        await asyncio.sleep(POLL)
    return completed


def times(number: int) -> str:
    """That something has run so often, in words."""
    return {0: "has not run", 1: "has run once"}.get(number, f"has run {number} times")
