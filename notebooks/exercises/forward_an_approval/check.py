"""One approval for four workflows: two run, one has ended, one never was. The worker crashes before the approval."""

from typing import Any

from temporalio.client import WorkflowHandle

from stagedflow.course.trial import Trial, Wrong, require

ELSEWHERE = "check-sites"
"""Nobody polls it: a signal to a workflow there is confirmed all the same."""
NOT_FOUND = "ExternalWorkflowExecutionNotFound"


async def check(trial: Trial) -> str:
    """Crash at the gate, approve, and look at the sites' own histories; then once more with all sites running."""
    trial.must_have(workflow="Approval", signals=["approve"])
    await trial.work()
    sites = {name: await _site(trial, name) for name in ("north", "south", "west")}
    await sites["south"].terminate("the site was closed")

    handle = await trial.start("Approval", ["north", "south", "west", "atlantis"])
    run = await trial.settled(handle)
    require(not run.closed, f"The workflow has {run.status} before the approval came.")
    await trial.crash(handle)
    await handle.signal("approve", "release 7")
    try:
        missed = await trial.result(handle)
    except Wrong as wrong:
        met = (
            " What your code meets at the await is no RPCError, but a temporalio.exceptions.ApplicationError; "
            f"its .type is '{NOT_FOUND}'."
        )
        raise Wrong(
            f"Of the sites north, south, west and atlantis, south has ended and atlantis never was. {wrong}"
            f"{met if NOT_FOUND in str(wrong) else ''}"
        ) from None
    for name in ("north", "west"):
        came = await _came(trial, sites[name])
        others = sorted({signal.name for signal in (await trial.run(sites[name])).signals} - {"approved"})
        require(not others, f"The site {name} got a signal {', '.join(others)}. Its handler is called approved.")
        require(
            came == ["release 7"],
            f"The site {name} runs: its history has {_told(came)}, not one with 'release 7'. South has ended and "
            "atlantis never was, and that must not matter to the others.",
        )
    require(
        isinstance(missed, list) and sorted(map(str, missed)) == ["atlantis", "south"],
        f"South has ended and atlantis never was: the workflow returned {missed!r}, not ['south', 'atlantis'].",
    )

    handle = await trial.start("Approval", ["west"], id="check-all-run")
    await handle.signal("approve", "release 8")
    missed = await trial.result(handle)
    came = await _came(trial, sites["west"])
    require(came == ["release 7", "release 8"], f"The site west runs and was sent release 8: it has {_told(came)}.")
    require(missed == [], f"The only site runs and got its signal: the workflow returned {missed!r}, not [].")
    return "The running sites got the approval once each, and the workflow named the two that it could not reach."


async def _site(trial: Trial, name: str) -> WorkflowHandle[Any, Any]:
    return await trial.client.start_workflow("Site", id=name, task_queue=ELSEWHERE)


async def _came(trial: Trial, site: WorkflowHandle[Any, Any]) -> list[Any]:
    """What the approvals in a site's history say."""
    run = await trial.run(site)
    return [signal.event.detail["args"][0] for signal in run.signals if signal.name == "approved"]


def _told(came: list[Any]) -> str:
    return f"{len(came)} signal{'' if len(came) == 1 else 's'} approved{f' {came}' if came else ''}"
