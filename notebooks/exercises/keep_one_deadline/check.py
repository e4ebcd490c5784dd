"""Signals days apart: the four weeks are counted from the start, whichever gate waits when they end."""

from exercises._weeks import after, at_rest
from stagedflow.course.trial import Trial, require


async def check(trial: Trial) -> str:
    """Never, too late for gate 3, in time, and all at once."""
    trial.must_have(workflow="TimedRollout", signals=["advance_stage"])
    await trial.work()
    await ends(trial, "silent", signals={}, wanted="expired at gate 1")
    await ends(trial, "slow", signals={13: 1, 26: 2}, wanted="expired at gate 3")
    await ends(trial, "in-time", signals={13: 1, 20: 2, 27: 3}, wanted="done")
    await ends(trial, "burst", signals={27: 3}, wanted="done")
    return (
        'No signal: "expired at gate 1" after four weeks. Signals on days 13 and 26 only: "expired at gate 3". On days '
        '13, 20 and 27: "done". Signal 3 alone, on day 27: "done".'
    )


async def ends(trial: Trial, name: str, *, signals: dict[int, int], wanted: str) -> None:
    """Signal these stages on these days: it returns what is wanted, after four weeks at the latest and no sooner."""
    handle = await trial.start("TimedRollout", id=name)
    told, before = "No signal has come", 0
    for day in sorted({13, 27, *signals}):
        run = await after(trial, handle, days=day - before)
        before = day
        said = f"{told}. On day {day} the workflow has {run.status} already: 28 days are allowed for all gates."
        require(not run.closed, said)
        if day in signals:
            await handle.signal("advance_stage", signals[day])
            now = f"signal {signals[day]} came on day {day}"
            told = f"{told}, {now}" if "came" in told else now.capitalize()
            await at_rest(trial, handle)
    run = await at_rest(trial, handle) if 3 in signals.values() else await after(trial, handle, days=29 - before)
    when = f"On day {27 if 3 in signals.values() else 29}"
    said = f"{told}. {when} the workflow still waits: the four weeks are counted from its start."
    require(run.closed, said if when == "On day 29" else f"{told}. The workflow still waits: all three gates are open.")
    returned = await trial.result(handle)
    require(returned == wanted, f"{told}. {when} the workflow has returned {returned!r}, not {wanted!r}.")
