"""An approval in time, an approval after the deadline: the escalation runs once, and only if it must."""

from temporalio.service import RPCError

from exercises._weeks import after, at_rest, ran, times
from stagedflow.course.trial import Trial, Wrong, require


async def check(trial: Trial) -> str:
    """Let two weeks pass with and without an approval."""
    trial.must_have(workflow="Release", signals=["approve"], activities=["escalate"])
    await trial.work()
    await in_time(trial)
    await too_late(trial)
    return (
        'An approval on day 13: "approved", without an escalation. None for 45 days: one escalation, and the approval '
        'after it was still taken: "approved late".'
    )


async def in_time(trial: Trial) -> None:
    """The approval comes on day 13."""
    handle = await trial.start("Release", "gateways", id="in-time")
    for when, time in (("Half a minute after the start", {"seconds": 30}), ("On day 13", {"days": 13})):
        run = await after(trial, handle, **time)
        number = await ran(trial, handle, run, "escalate")
        require(not number, f"{when} `escalate` {times(number)}: two weeks have not passed.")
        require(not run.closed, f"{when} the workflow has {run.status}, and no approval has come.")
    await handle.signal("approve")
    run = await at_rest(trial, handle)
    number = await ran(trial, handle, run, "escalate")
    require(not number, "The approval came on day 13, in time, and after it `escalate` has run.")
    require(run.closed, "The approval came on day 13, and the workflow still waits: an approval ends the wait at once.")
    returned = await trial.result(handle)
    require(returned == "approved", f"The approval came on day 13: the workflow returned {returned!r}, not 'approved'.")


async def too_late(trial: Trial) -> None:
    """The approval comes on day 45."""
    handle = await trial.start("Release", "gateways", id="too-late")
    run = await after(trial, handle, days=15)
    number = await ran(trial, handle, run, "escalate")
    if run.closed:
        try:
            await handle.signal("approve")
        except RPCError as error:
            raise Wrong(
                f"On day 15 `escalate` {times(number)}. The approval was then answered with an error "
                f'("{error.message.strip().rstrip(".").lower()}"): the workflow has {run.status}, so nobody takes a '
                "late approval."
            ) from None
    require(number == 1, f"On day 15 without an approval `escalate` {times(number)}; once is asked.")
    run = await after(trial, handle, days=30)
    number = await ran(trial, handle, run, "escalate")
    require(number == 1, f"On day 45 without an approval `escalate` {times(number)}; once is asked.")
    require(not run.closed, f"On day 45 without an approval the workflow has {run.status}, instead of waiting on.")
    await handle.signal("approve")
    run = await at_rest(trial, handle)
    require(run.closed, "The approval came on day 45, after the escalation, and the workflow still waits.")
    returned = await trial.result(handle)
    number = await ran(trial, handle, run, "escalate")
    require(number == 1, f"After the approval on day 45 `escalate` {times(number)}; once is asked.")
    require(
        returned == "approved late",
        f"The approval came after the escalation: the workflow returned {returned!r}, not 'approved late'.",
    )
