"""The fixture `start`, for the learner's tests."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from exercises.test_the_gate.support import Gate
from stagedflow.background import submit

Start = Callable[[], Awaitable[WorkflowHandle[Any, Any]]]


@pytest.fixture
async def start(env: WorkflowEnvironment, subject: type) -> AsyncIterator[Start]:
    """Starts a gate of the test's own, which waits when the call returns."""
    queue = uuid.uuid4().hex
    started = []

    async def begin() -> WorkflowHandle[Any, Any]:
        handle = await env.client.start_workflow("Gate", id=uuid.uuid4().hex, task_queue=queue, result_type=str)
        started.append(handle)
        await handle.query(Gate.approvals)  # answered when the first workflow task is done: the two weeks have begun
        return handle

    # On the lab's loop: whatever a test leaves behind, the end of its own loop waits for no worker.
    serving = submit(Worker(env.client, task_queue=queue, workflows=[subject]).run())
    yield begin
    for handle in started:
        with suppress(RPCError):
            await handle.terminate(rpc_timeout=timedelta(seconds=2))
    serving.cancel()
