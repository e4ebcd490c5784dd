"""Days without an approval: one reminder for every three of them, and none once the approval has come."""

from temporalio.client import WorkflowHandle

from exercises._weeks import after, at_rest, ran, times
from stagedflow.course.trial import Trial, require
from stagedflow.history.runs import Run


async def check(trial: Trial) -> str:
    """Approve on day 2, then on day 20."""
    trial.must_have(workflow="Reminders", signals=["approve"], activities=["remind"])
    await trial.work()
    await without_a_reminder(trial)
    await with_reminders(trial)
    return (
        "An approval on day 2: no reminder. On day 10 there had been 3, on day 20 there had been 6; the approval then "
        "completed the workflow at once, and no reminder followed."
    )


async def without_a_reminder(trial: Trial) -> None:
    """The approval comes on day 2."""
    handle = await trial.start("Reminders", "gateways", id="day-2")
    early = (("15 seconds", {"seconds": 15}), ("15 minutes", {"minutes": 15}), ("Two days", {"days": 2}))
    for words, time in early:
        run = await after(trial, handle, **time)
        said = f"{words} after the start there have been reminders already: is the time three days?"
        require(not await ran(trial, handle, run, "remind"), said)
        require(not run.closed, f"{words} after the start the workflow has {run.status}, and no approval has come.")
        few_timers(run)
    await approve(trial, handle, day=2, reminded=0)


async def with_reminders(trial: Trial) -> None:
    """The approval comes on day 20."""
    handle = await trial.start("Reminders", "gateways", id="day-20")
    for day, wanted in ((10, 3), (20, 6)):
        run = await after(trial, handle, days=10)
        sent = await ran(trial, handle, run, "remind")
        said = f"On day {day} without an approval `remind` {times(sent)}. One for every three days makes {wanted}."
        require(sent == wanted, said)
        require(not run.closed, f"On day {day} the workflow has {run.status}, and no approval has come.")
        few_timers(run)
    await approve(trial, handle, day=20, reminded=6)


async def approve(trial: Trial, handle: WorkflowHandle, *, day: int, reminded: int) -> None:
    """The approval ends it: at once, without another reminder, with their number."""
    await handle.signal("approve")
    run = await at_rest(trial, handle)
    said = f"The approval came on day {day}, and the workflow still waits: an approval ends it at once."
    require(run.closed, said)
    returned = await trial.result(handle)
    sent = await ran(trial, handle, run, "remind")
    require(sent == reminded, f"The approval came on day {day}, and then `remind` has run all the same.")
    said = f"There were {reminded} reminders until the approval on day {day}: the workflow returned {returned!r}"
    require(returned == reminded, f"{said}, not {reminded}.")


def few_timers(run: Run) -> None:
    """One timer a reminder is enough; a few more are forgiven."""
    idle = sum(event.type == "TIMER_FIRED" for event in run.events) - run.completed
    said = f"{idle} timers have fired for no reminder, and history has {len(run.events)} events"
    require(idle <= 3, f"{said}. Wait for the signal or for three days, instead of looking again and again.")
