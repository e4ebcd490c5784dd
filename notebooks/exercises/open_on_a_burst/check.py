"""Three signals in one activation, then three one by one with a crash between: every gate opens, and none too early."""

from typing import Any

from stagedflow.course.trial import Trial, require

GATES = ["handshake", "approval", "acknowledgement"]


async def check(trial: Trial) -> str:
    """Send 1, 2, 3 before a worker runs; then again, each alone; then only 1, 2 before a worker runs."""
    trial.must_have(workflow="Gates", signals=["advance_stage"], queries=["passed_gates"])
    await trial.open()
    burst = await trial.start("Gates", id="check-burst")
    for stage in (1, 2, 3):
        await burst.signal("advance_stage", stage)
    await trial.work()
    await trial.settled(burst)
    passed = await trial.query(burst, "passed_gates")
    seen = f"The signals 1, 2, 3 came in a burst, before a worker ran. The gates passed: {_told(passed)}."
    require(passed != GATES[:2], f"{seen} At stage 3, the acknowledgement's gate stayed shut.")
    require(
        passed == GATES,
        f"{seen} The handler ran three times before a gate was looked at: the stage was 3 by then.",
    )
    result = await trial.result(burst)
    require(result == GATES, f"After the burst the workflow returned {result!r}, not {GATES!r}.")

    single = await trial.start("Gates", id="check-one-by-one")
    await _passed(trial, single, "Before any signal", 0)
    await single.signal("advance_stage", 1)
    await _passed(trial, single, "After the signal 1", 1)
    await trial.crash(single)
    await _passed(trial, single, "After the signal 1, a crash and a replay", 1)
    await single.signal("advance_stage", 2)
    await _passed(trial, single, "After the signals 1 and 2", 2)
    await single.signal("advance_stage", 3)
    result = await trial.result(single)
    require(result == GATES, f"After the signals 1, 2 and 3, one by one, the workflow returned {result!r}.")

    assert trial.lab.worker is not None
    await trial.lab.worker.crash()
    short = await trial.start("Gates", id="check-short-burst")
    await short.signal("advance_stage", 1)
    await short.signal("advance_stage", 2)
    await trial.work()
    await _passed(trial, short, "After a burst of 1 and 2", 2)
    return "A burst of 1, 2, 3 opened all three gates. One by one, with a crash between, each signal opened one."


async def _passed(trial: Trial, handle: Any, when: str, count: int) -> None:
    await trial.settled(handle)
    passed = await trial.query(handle, "passed_gates")
    require(
        passed == GATES[:count], f"{when} the gates passed are {_told(passed)}. They should be {_told(GATES[:count])}."
    )


def _told(passed: Any) -> str:
    if not isinstance(passed, list):
        return repr(passed)[:200]
    return ", ".join(str(gate) for gate in passed[:10]) or "none"
