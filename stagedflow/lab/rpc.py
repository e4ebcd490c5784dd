"""Calls to the Temporal server: how long they may take, and their errors in words for a person."""

import time
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from stagedflow.errors import LabError

RPC_TIMEOUT = timedelta(seconds=10)
SERVER_ENDED = "this lab's Temporal server has ended; `lab = await Lab.start()` starts a new one"
NO_ANSWER = "the Temporal server does not answer; `lab = await Lab.start()` starts a new one if it has died"


async def describe(client: Client, workflow_id: str, run_id: str | None) -> WorkflowExecutionDescription:
    """Temporal's own description of a run, or of the workflow's latest."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    described: WorkflowExecutionDescription = await in_words(
        handle.describe(rpc_timeout=RPC_TIMEOUT), f"Workflow {workflow_id!r} cannot be shown"
    )
    return described


async def answers(client: Client, *, patience: float) -> bool:
    """True if the server answers; False if nobody listens there, or there is no answer for `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return await client.service_client.check_health(timeout=timedelta(seconds=2))
        except RPCError as error:
            slow = error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
            if not slow or time.monotonic() > deadline:
                return False


async def in_words(call: Coroutine[Any, Any, Any], failed: str) -> Any:
    """The result of a call.

    Raises:
        LabError: The call failed; the text begins with `failed` and goes on with the server's reason.
    """
    try:
        return await call
    except RPCError as error:
        raise LabError(f"{failed}: {server_trouble(error)}.") from None


def server_trouble(error: RPCError) -> str:
    """An RPC error in words for a person."""
    if error.status == RPCStatusCode.NOT_FOUND:
        return f"the server does not know it: {error.message}"
    # The first call on a connection that has just broken is an "unknown" transport error; the SDK retries only its own.
    broken = error.status == RPCStatusCode.UNKNOWN and "transport" in error.message
    # "Cancelled" is how the SDK reports a call that took longer than its timeout.
    silent = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
    if broken or error.status in silent:
        return NO_ANSWER
    return error.message
