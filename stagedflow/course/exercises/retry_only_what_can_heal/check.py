"""An error that stays, one that goes away, and a crash: one attempt, several, and a second one."""

from stagedflow.course.exercises.retry_only_what_can_heal.support import ANSWERS_AT
from stagedflow.course.trial import Trial, Wrong, require


async def check(trial: Trial) -> str:
    """Flash a device of the wrong model, one that sleeps, and one whose worker dies."""
    trial.must_have(workflow="Flash")
    await trial.work()
    old, asleep = [await trial.start("Flash", name, id=name) for name in ("old-model", "asleep")]
    run = await trial.until(
        old, lambda run: run.closed or _attempts(trial, old) > 1, "The old model was refused, and nothing came of it."
    )
    if _attempts(trial, old) > 1:
        raise Wrong(
            "The old model was tried a second time, after WrongModel: it will never take this firmware, and a retry "
            f"only takes time. {await trial.now(old) if not run.closed else ''}".rstrip()
        )
    run = await trial.until(asleep, lambda run: run.closed, "The sleeping device was not flashed.")
    require(
        run.status == "completed" and _done(trial, asleep),
        f"The sleeping device would have answered call {ANSWERS_AT}, but after attempt {_attempts(trial, asleep)} the "
        f"workflow has {run.status}.",
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


def _attempts(trial: Trial, handle) -> int:
    """How many attempts of any activity the ledger has of a workflow."""
    return sum(count.started for count in trial.counts(handle).values())


def _done(trial: Trial, handle) -> bool:
    """Whether an attempt has completed."""
    return any(count.completed for count in trial.counts(handle).values())
