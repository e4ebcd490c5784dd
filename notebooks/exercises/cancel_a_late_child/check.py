"""A child that reports in time and one that never does; a crash while the child and the timer are open."""

import asyncio
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from stagedflow.course.trial import Trial, Wrong, require

CHILD_STARTED = "CHILD_WORKFLOW_EXECUTION_STARTED"


async def check(trial: Trial) -> str:
    """One parent whose child is in time, one whose child is not, a crash in each."""
    trial.must_have(workflow="SoakTest", signals=["report_in"])
    await trial.work()

    parent = await trial.start("Supervisor", 60.0, id="check-in-time")
    child = await _waiting(trial, parent)
    await trial.crash(parent, child)
    await child.signal("report_in", "healthy")
    try:
        result = await trial.result(parent, seconds=4)
    except Wrong as wrong:
        raise Wrong(f"The child reported in time, and the workflow did not complete with its report. {wrong}") from None
    require(
        result == "healthy",
        f"After a crash the child reported 'healthy', in time: the workflow returned {result!r}, not 'healthy'.",
    )

    parent = await trial.start("Supervisor", 2.5, id="check-too-late")
    child = await _waiting(trial, parent)
    run = await trial.run(parent)
    require(
        any(event.type == "TIMER_STARTED" for event in run.events),
        "While the child runs, the workflow has no timer in its history: nothing wakes it after `seconds`.",
    )
    await trial.crash(parent, child)
    try:
        result = await trial.result(parent, seconds=6)
    except Wrong as wrong:
        run = await trial.run(parent)
        cancelled = any(event.type == "CHILD_WORKFLOW_EXECUTION_CANCELED" for event in run.events)
        if run.status == "failed" and cancelled:
            raise Wrong(
                "The child was cancelled, and with it the workflow failed: awaiting a cancelled child raises "
                "ChildWorkflowError. The workflow is to return 'too late'."
            ) from None
        raise Wrong(f"The child never reports, and its time was up. {wrong}") from None
    require(result == "too late", f"The child never reported: the workflow returned {result!r}, not 'too late'.")
    status = await _end(child)
    require(
        status != "TERMINATED",
        "The workflow returned 'too late', and the child was terminated, not cancelled. A parent that ends takes its "
        "open children with it: the server terminates them, and no line of theirs runs any more.",
    )
    words = "is still running" if status == "RUNNING" else f"is {status.lower().replace('_', ' ')}"
    require(status == "CANCELED", f"The workflow returned 'too late', and the child {words}, not cancelled.")
    return "The child in time gave its report; the late one was cancelled, after a crash with both waits open."


async def _waiting(trial: Trial, parent: WorkflowHandle[Any, Any]) -> WorkflowHandle[Any, Any]:
    """The parent's child, once both of them wait."""
    await trial.until(
        parent,
        lambda run: any(event.type == CHILD_STARTED for event in run.events),
        "The workflow has started no child.",
    )
    for event in (await trial.history(parent)).events:
        if event.HasField("child_workflow_execution_started_event_attributes"):
            execution = event.child_workflow_execution_started_event_attributes.workflow_execution
    child = trial.client.get_workflow_handle(execution.workflow_id, run_id=execution.run_id)
    await trial.settled(child)
    await trial.settled(parent)
    return child


async def _end(child: WorkflowHandle[Any, Any]) -> str:
    """How the child has ended; it may do so a moment after its parent."""
    for _ in range(40):
        status = (await child.describe()).status or WorkflowExecutionStatus.RUNNING
        if status != WorkflowExecutionStatus.RUNNING:
            break
        await asyncio.sleep(0.05)
    return status.name
