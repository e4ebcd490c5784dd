"""What went wrong in a learner's code, in words, as the server knows it."""

import re

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.exceptions import ApplicationError

MOST = 400
"""Characters of a message that are told."""

SLIPS = {
    "ArithmeticError", "AssertionError", "AttributeError", "FileNotFoundError", "ImportError", "IndexError", "KeyError",
    "LookupError", "ModuleNotFoundError", "NameError", "NotImplementedError", "TypeError", "UnboundLocalError",
    "ZeroDivisionError", "_NotInActivityContextError", "_NotInWorkflowEventLoopError",
}  # fmt: skip
"""Types of exceptions that no exercise raises on purpose: an activity that raises one has a slip in it."""


def is_task_failure(event: HistoryEvent) -> bool:
    """True unless nobody is at fault: a signal that came while the workflow completed makes its task run anew."""
    cause = event.workflow_task_failed_event_attributes.cause
    unhandled = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
    return event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED and cause != unhandled


def task_failure(event: HistoryEvent, file: str) -> str:
    """Why a workflow task failed, with the line of the learner's file if it is known."""
    said = _failure(event.workflow_task_failed_event_attributes.failure, file)
    return f"A workflow task failed: {said}. The server gives the task out again and again."


def activity_failure(pending: PendingActivityInfo, file: str, *, slips_only: bool = False) -> str:
    """Why the latest failed attempt of an open activity failed, or "".

    Args:
        pending: From `describe`.
        file: The learner's file.
        slips_only: Tell only what no exercise raises on purpose.
    """
    if not pending.HasField("last_failure") or not pending.last_failure.HasField("application_failure_info"):
        return ""
    if slips_only and pending.last_failure.application_failure_info.type not in SLIPS:
        return ""
    return f"The activity {pending.activity_type.name} raised {_failure(pending.last_failure, file)}"


def words(error: BaseException | None) -> str:
    """An exception that came back from a workflow, an update or a query."""
    while error is not None and error.__cause__ is not None and not isinstance(error, ApplicationError):
        error = error.__cause__
    if isinstance(error, ApplicationError) and error.type:
        return f"{error.type}: {error.message}"[:MOST]
    return f"{type(error).__name__}: {error}"[:MOST]


def _failure(failure: Failure, file: str) -> str:
    kind = failure.application_failure_info.type
    lines = re.findall(rf'{re.escape(file)}", line (\d+)', failure.stack_trace)
    where = f" (line {lines[-1]})" if lines else ""
    what = f"{kind}: {failure.message}" if kind else failure.message
    return f"{what[:MOST]}{where}"
