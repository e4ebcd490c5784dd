"""Six runs, a crash, and a replay of each in a process that orders sets differently."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.client import WorkflowHandle

from stagedflow.course.trial import Trial, Wrong, require

RUNS = 6
DEVICES = [f"gateway-{n:02}" for n in (7, 3, 12, 7, 1, 9, 16, 4, 3, 11, 2, 14, 6, 10, 5, 13, 8, 15, 1)]
UNIQUE = sorted(set(DEVICES))
VALUES = ("ticket", "planned_at", "first", "order")
_seeding = asyncio.Lock()
"""The environment is the whole process's: checks that run at once must not meet in it."""
MAX_AWAY = 60.0
"""Seconds between the workflow's start and what it takes for the present, at the most."""


async def check(trial: Trial) -> str:
    """Look at the plans before and after a crash."""
    trial.must_have(workflow="Canary", signals=["approve"], queries=["current_plan"])
    async with hash_seed(1):
        await trial.work()
    handles = [await trial.start("Canary", DEVICES, id=f"check-canary-{n}") for n in range(RUNS)]
    for handle in handles:
        run = await trial.settled(handle)
        require(not run.closed, f"The workflow has {run.status} already: it must wait for the signal approve.")
    plans = [await trial.query(handle, "current_plan") for handle in handles]
    for handle, plan in zip(handles, plans, strict=True):
        judge(plan, (await trial.run(handle)).events[0].at)
    for value in ("ticket", "first"):
        same = all(plan[value] == plans[0][value] for plan in plans)
        require(not same, f"All {RUNS} runs have the same {value!r}. Each run must draw its own.")

    async with hash_seed(2):
        await trial.crash(*handles)
    again = [await trial.query(handle, "current_plan") for handle in handles]
    changed = [v for v in VALUES if any(a.get(v) != b[v] for a, b in zip(again, plans, strict=True))]
    require(
        not changed,
        f"The worker crashed and another process replayed the runs: {told(changed)} came out differently. "
        "What has been planned and shown must not change.",
    )
    await asyncio.gather(*(handle.signal("approve") for handle in handles))
    for handle, plan in zip(handles, plans, strict=True):
        require(await ended(trial, handle) == plan, "After the signal approve a run returned another plan than before.")
    return f"{RUNS} runs, a crash and a replay in a process with another hash seed: all {len(VALUES)} values stayed."


async def ended(trial: Trial, handle: WorkflowHandle[Any, Any]) -> Any:
    """The workflow's result, once history says that it has ended."""
    await trial.until(handle, lambda run: run.closed, "The workflow did not complete.", seconds=12)
    return await trial.result(handle)


def judge(plan: Any, started: float) -> None:
    """Raise `Wrong` unless it is a plan at all."""
    if not isinstance(plan, dict) or not plan:
        raise Wrong("The query current_plan gives no plan, though the run waits for its approval.")
    for value in VALUES:
        require(value in plan, f"The plan has no {value!r}.")
    order, at = plan["order"], plan["planned_at"]
    whole = isinstance(order, list) and all(isinstance(d, str) for d in order) and sorted(order) == UNIQUE
    require(whole, f"'order' must be a list of the {len(UNIQUE)} devices, each once.")
    require(plan["first"] in UNIQUE, "'first' must be one of the devices.")
    require(isinstance(plan["ticket"], str) and bool(plan["ticket"]), "'ticket' must be a text.")
    now = isinstance(at, int | float) and abs(at - started) < MAX_AWAY
    require(now, "'planned_at' must be the time of planning, in seconds since 1970, as time.time() gives it.")


def told(names: list[str]) -> str:
    """The names in a sentence."""
    quoted = [repr(name) for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)


@asynccontextmanager
async def hash_seed(seed: int) -> AsyncIterator[None]:
    """Workers that start meanwhile hash strings by this seed, whatever the environment says."""
    async with _seeding:
        before = os.environ.get("PYTHONHASHSEED")
        os.environ["PYTHONHASHSEED"] = str(seed)
        try:
            yield
        finally:
            if before is None:
                del os.environ["PYTHONHASHSEED"]
            else:
                os.environ["PYTHONHASHSEED"] = before
