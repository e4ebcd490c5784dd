"""Two runs at once, with a crash between the end of the one and the end of the other."""

import re
from typing import Any

from temporalio.client import WorkflowHandle

from stagedflow.course.trial import Trial, Wrong, require

FLEETS = ("north", "south")
LEASE = re.compile(r"(\w+)-[0-9a-f]{16}")


async def check(trial: Trial) -> str:
    """Lease for two fleets; release the first, crash, release the second."""
    trial.must_have(workflow="Lease", signals=["release"], activities=["lease_devices"])
    await trial.work()
    north, south = [await leased(trial, fleet) for fleet in FLEETS]
    await north.signal("release")
    await judge(trial, north, "north", "Two runs were open on one worker.")
    await trial.crash(south)
    await south.signal("release")
    await judge(trial, south, "south", "The worker crashed, and another process replayed the run.")
    for handle, fleet in ((north, "north"), (south, "south")):
        token = (await trial.result(handle)).rpartition("-")[2].encode()
        events = (await trial.history(handle)).events
        made = [e.activity_task_completed_event_attributes.result.SerializeToString() for e in events]
        require(
            any(token in each for each in made),
            f"The run of {fleet} returned a lease that is no activity's result: it is another one than the activity "
            "made, or it did not come by way of the event history.",
        )
    return "Two runs at once and a crash between their ends: each returned the lease that its own activity made."


async def leased(trial: Trial, fleet: str) -> WorkflowHandle[Any, Any]:
    """A run that has leased its devices, and waits."""
    handle = await trial.start("Lease", fleet, id=f"check-lease-{fleet}")
    await trial.until(handle, lambda r: r.completed >= 1, f"The run of {fleet} has not leased its devices.")
    run = await trial.settled(handle)
    require(not run.closed, f"The run of {fleet} has {run.status} already: it must wait for the signal release.")
    return handle


async def ended(trial: Trial, handle: WorkflowHandle[Any, Any]) -> Any:
    """The workflow's result, once history says that it has ended."""
    await trial.until(handle, lambda run: run.closed, "The workflow did not complete.", seconds=12)
    return await trial.result(handle)


async def judge(trial: Trial, handle: WorkflowHandle[Any, Any], fleet: str, story: str) -> None:
    """Raise `Wrong` unless the run returns a lease of its fleet."""
    result = await ended(trial, handle)
    found = LEASE.fullmatch(result) if isinstance(result, str) else None
    if not found:
        told = repr(result) if len(repr(result)) <= 40 else "something that is no lease"
        raise Wrong(
            f"{story} The run of {fleet} returned {told}, though its activity has made a lease. "
            "What a variable of the module holds is not shared with the activities, and not kept for a replay."
        )
    require(
        found[1] == fleet,
        f"{story} The run of {fleet} returned the lease of {found[1]}. What belongs to one run must be kept in it.",
    )
