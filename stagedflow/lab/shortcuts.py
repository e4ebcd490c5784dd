"""An operator's calls on a running workflow, each as Temporal's own service has it, with errors in words."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest, UpdateActivityOptionsRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHandle
from temporalio.service import RPCError

from stagedflow.errors import LabError
from stagedflow.lab.watch import RPC_TIMEOUT, server_trouble

DAY = 24 * 3600


async def describe(client: Client, workflow_id: str, run_id: str | None) -> WorkflowExecutionDescription:
    """Temporal's own description of a run, or of the workflow's latest."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    described: WorkflowExecutionDescription = await _in_words(
        handle.describe(rpc_timeout=RPC_TIMEOUT), f"Workflow {workflow_id!r} cannot be shown"
    )
    return described


async def reset_sticky_task_queue(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    """The server forgets which worker has the workflow in its cache."""
    request = ResetStickyTaskQueueRequest(namespace=client.namespace, execution=_execution(handle))
    await _in_words(
        client.workflow_service.reset_sticky_task_queue(request, timeout=RPC_TIMEOUT),
        f"The sticky queue of workflow {handle.id!r} was not reset",
    )


async def update_start_to_close(client: Client, handle: WorkflowHandle[Any, Any], seconds: float) -> None:
    """Every activity of the workflow that is open gets another start-to-close timeout."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= DAY:
        raise LabError(f"A start-to-close timeout here is a number of seconds up to {DAY}; {seconds!r} is not.")
    execution = _execution(handle)
    described = await describe(client, execution.workflow_id, execution.run_id or None)
    pending = described.raw_description.pending_activities
    if not pending:
        raise LabError(
            f"No activity of workflow {handle.id!r} is open, so there is no timeout to shorten. "
            "This shortcut is for an activity whose worker has died in it."
        )
    timeout = Duration()
    timeout.FromTimedelta(timedelta(seconds=seconds))
    for one in pending:
        request = UpdateActivityOptionsRequest(
            namespace=client.namespace,
            execution=execution,
            identity="stagedflow operator",
            activity_options=ActivityOptions(start_to_close_timeout=timeout),
            update_mask=FieldMask(paths=["start_to_close_timeout"]),
            id=one.activity_id,
        )
        await _in_words(
            client.workflow_service.update_activity_options(request, timeout=RPC_TIMEOUT),
            f"The start-to-close timeout of {one.activity_type.name} was not shortened",
        )


def _execution(handle: WorkflowHandle[Any, Any]) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=handle.id, run_id=handle.result_run_id or handle.run_id or "")


async def _in_words(call: Coroutine[Any, Any, Any], failed: str) -> Any:
    try:
        return await call
    except RPCError as error:
        raise LabError(f"{failed}: {server_trouble(error)}.") from None
