"""An operator's calls on a running workflow, each as Temporal's own service has it, with errors in words."""

from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest, UpdateActivityOptionsRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from stagedflow.errors import LabError
from stagedflow.lab.rpc import RPC_TIMEOUT, describe, in_words, server_trouble

DAY = 24 * 3600


async def reset_sticky_task_queue(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    """The server forgets which worker has the workflow in its cache."""
    request = ResetStickyTaskQueueRequest(namespace=client.namespace, execution=_execution(handle))
    await in_words(
        client.workflow_service.reset_sticky_task_queue(request, timeout=RPC_TIMEOUT),
        f"The sticky queue of workflow {handle.id!r} was not reset",
    )


async def update_start_to_close(client: Client, handle: WorkflowHandle[Any, Any], seconds: float) -> None:
    """Every activity of the workflow that is open gets another start-to-close timeout."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= DAY:
        raise LabError(f"A start-to-close timeout here is a number of seconds up to {DAY}; {seconds!r} is not.")
    execution = _execution(handle)
    described = await describe(client, execution.workflow_id, execution.run_id or None)
    timeout = Duration()
    timeout.FromTimedelta(timedelta(seconds=seconds))
    shortened = 0
    for one in described.raw_description.pending_activities:
        request = UpdateActivityOptionsRequest(
            namespace=client.namespace,
            execution=execution,
            identity="stagedflow operator",
            activity_options=ActivityOptions(start_to_close_timeout=timeout),
            update_mask=FieldMask(paths=["start_to_close_timeout"]),
            id=one.activity_id,
        )
        try:
            await client.workflow_service.update_activity_options(request, timeout=RPC_TIMEOUT)
            shortened += 1
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # that one has ended since it was described
                what = f"The start-to-close timeout of {one.activity_type.name} was not shortened"
                raise LabError(f"{what}: {server_trouble(error)}.") from None
    if not shortened:
        raise LabError(
            f"No activity of workflow {handle.id!r} is open, so there is no timeout to shorten. "
            "This shortcut is for an activity whose worker has died in it."
        )


def _execution(handle: WorkflowHandle[Any, Any]) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=handle.id, run_id=handle.result_run_id or handle.run_id or "")
