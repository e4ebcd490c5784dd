"""An error that stays, one that goes away, and a crash: one attempt, several, and a second one."""

from temporalio.client import WorkflowFailureError

from exercises.retry_only_what_can_heal.support import ANSWERS_AT
from stagedflow.course import faults
from stagedflow.course.trial import Trial, Wrong, require

NAMES = 'non_retryable_error_types=["WrongModel"]'


async def check(trial: Trial) -> str:
    """Flash a device of the wrong model, one that sleeps, and one whose worker dies."""
    trial.must_have(workflow="Flash")
    await trial.work()
    old, asleep = [await trial.start("Flash", name, id=name) for name in ("old-model", "asleep")]
    try:
        await trial.until(
            old,
            lambda run: run.closed or _attempts(trial, old) > 1,
            "The old model was refused, and nothing came of it.",
        )
    except Wrong as wrong:
        # What Python says of a class, or of another thing that is no text, in a list of names.
        if "bad argument type" in str(wrong):
            raise Wrong(f"{wrong} The retry policy takes names, as text: {NAMES}.") from None
        raise
    if _attempts(trial, old) > 1:
        named = await _named(trial, old)
        raise Wrong(
            "The old model was tried a second time, after WrongModel: it will never take this firmware, and a retry "
            "only takes time."
            + (
                f" The retry policy names {named}, and that is not the error's class. It takes {NAMES}."
                if named
                else ""
            )
        )
    run = await trial.until(asleep, lambda run: run.closed, "The sleeping device was not flashed.")
    require(
        run.status == "completed" and _done(trial, asleep),
        f"The sleeping device would have answered call {ANSWERS_AT}, but after attempt {_attempts(trial, asleep)} the "
        f"workflow has {run.status}{await _cause(asleep)}.",
    )
    awake = await trial.start("Flash", "awake", id="awake")
    await trial.until(awake, lambda _: _attempts(trial, awake) > 0, "The activity was not started.")
    await trial.crash(awake)
    run = await trial.until(awake, lambda run: run.closed, "The worker was killed in attempt 1.")
    attempts = _attempts(trial, awake)
    require(
        run.status == "completed" and _done(trial, awake),
        f"The worker was killed in attempt 1, and there was {'no attempt 2' if attempts < 2 else 'an attempt 2'}: the "
        f"workflow has {run.status}. A lost attempt is counted like a failed one; only another attempt heals a crash.",
    )
    return "The old model was tried once, the sleeping device until it answered, and after a crash there was attempt 2."


async def _named(trial: Trial, handle) -> str:
    """What the workflow's retry policy has as non_retryable_error_types, or ""."""
    for event in (await trial.history(handle)).events:
        policy = event.activity_task_scheduled_event_attributes.retry_policy
        if policy.non_retryable_error_types:
            return ", ".join(f'"{name}"' for name in policy.non_retryable_error_types)
    return ""


async def _cause(handle) -> str:
    """The error of a workflow that has failed, in words, or ""."""
    try:
        await handle.result()
    except WorkflowFailureError as error:
        return f" with {faults.words(error.cause)}"
    return ""


def _attempts(trial: Trial, handle) -> int:
    """How many attempts of any activity the ledger has of a workflow."""
    return sum(count.started for count in trial.counts(handle).values())


def _done(trial: Trial, handle) -> bool:
    """Whether an attempt has completed."""
    return any(count.completed for count in trial.counts(handle).values())
