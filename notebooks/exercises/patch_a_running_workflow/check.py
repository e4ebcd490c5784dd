"""Histories and a running workflow of the old code, and a new run that crashes: both must go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from temporalio.client import WorkflowHandle

from exercises.patch_a_running_workflow.support import ACTIVITIES, COMPLETED, OLD
from stagedflow.course.trial import Trial, Wrong, require

NEW = "back_up_settings"
OLD_STEPS = ["notify_owners", "wipe_devices", "refund_owners"]
NEW_STEPS = ["notify_owners", NEW, "wipe_devices", "refund_owners"]


async def check(trial: Trial) -> str:
    """Replay an old run, take over another, then start a new one."""
    trial.must_have(workflow="Recall", signals=["devices_returned"])
    await replays(trial, COMPLETED, "A run of the old code has completed. Its history was replayed against this code.")
    lab = await trial.open()
    old = await lab.start_worker("old", workflows=[OLD], activities=ACTIVITIES)
    running = await trial.start("Recall", "gateways", id="check-recall-old")
    await lab.until(running, completed="wipe_devices")
    await trial.settled(running)
    await old.stop()
    await trial.work(activities=ACTIVITIES)
    await running.signal("devices_returned")
    with told_after("A run of the old code was waiting, and this code took it over."):
        await ended(trial, running)
    steps = [a.type for a in (await trial.run(running)).activities]
    require(
        steps == OLD_STEPS,
        f"A run of the old code had wiped its devices already. Under this code it went on to {told(steps[2:])}. "
        "It must go on as it began.",
    )

    fresh = await trial.start("Recall", "sensors", id="check-recall-new")
    await trial.until(
        fresh,
        lambda run: bool(run.tasks) and not run.open_task and not run.open_activities and run.completed >= 2,
        "A new run has not got to its wait for the devices.",
    )
    await trial.crash(fresh)
    await fresh.signal("devices_returned")
    with told_after("A new run was waiting. Its worker crashed, and another process replayed it."):
        await ended(trial, fresh)
    steps = [a.type for a in (await trial.run(fresh)).activities]
    require(NEW in steps, f"In a new run {NEW} did not run: only old runs go without it.")
    require(steps == NEW_STEPS, f"A new run did {told(steps)}. The back-up must come once, and before the wiping.")
    await replays(trial, await trial.history(fresh), "A new run has completed. Its history was replayed.")
    return f"Old runs replay and go on without {NEW}; a new run did it once, before the wiping, and survived a crash."


async def ended(trial: Trial, handle: WorkflowHandle[Any, Any]) -> Any:
    """The workflow's result, once history says that it has ended."""
    await trial.until(handle, lambda run: run.closed, "The workflow did not complete.", seconds=12)
    return await trial.result(handle)


async def replays(trial: Trial, history: object, story: str) -> None:
    """Raise `Wrong` unless the history replays."""
    failure = (await trial.replay(history, "Recall")).failure  # type: ignore[arg-type]
    if failure:
        raise Wrong(f"{story} {failure.text}")


@contextmanager
def told_after(story: str) -> Iterator[None]:
    """What is wrong is told after the story of how it came to light."""
    try:
        yield
    except Wrong as wrong:
        raise Wrong(f"{story} {wrong}") from None


def told(steps: list[str]) -> str:
    """Activities in a row."""
    return ", ".join(steps) or "nothing"
