"""The fixture `run`, for the learner's tests."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from temporalio import activity
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from exercises.mock_an_activity import support

Run = Callable[[Sequence[Callable[..., Any]]], Awaitable[str]]
NAMES = {"flash_device", "roll_back"}


@pytest.fixture
def run(env: WorkflowEnvironment, subject: type) -> Run:
    """Runs the workflow with the activities that it is given, and returns its result."""

    async def once(activities: Sequence[Callable[..., Any]]) -> str:
        names = {name for each in activities if (name := _name(each))}
        if missing := NAMES - names:
            has = ", ".join(sorted(names)) or "none"
            pytest.fail(f"the worker got activities named: {has}. The workflow also runs {' and '.join(missing)}")
        queue = uuid.uuid4().hex
        support.real_work.clear()
        with ThreadPoolExecutor() as threads:  # for activities that are no coroutines
            worker = Worker(
                env.client,
                task_queue=queue,
                workflows=[subject],
                activities=activities,
                activity_executor=threads,
            )
            async with worker:
                handle = await env.client.start_workflow(
                    "Flashing",
                    "gateway-7",
                    id=uuid.uuid4().hex,
                    task_queue=queue,
                    result_type=str,
                )
                try:
                    return await _result(handle)
                finally:
                    with suppress(RPCError):
                        await handle.terminate()

    return once


async def _result(handle: Any) -> str:
    """The result; real work is told at once, not at the deadline."""
    ended = asyncio.ensure_future(handle.result())
    try:
        while not (await asyncio.wait({ended}, timeout=0.05))[0]:
            if support.real_work:
                pytest.fail(f"the real {support.real_work[0]} began to work: give the worker a mock with its name")
        result: str = ended.result()
        return result
    finally:
        ended.cancel()


def _name(function: Callable[..., Any]) -> str | None:
    try:
        return activity._Definition.must_from_callable(function).name
    except TypeError:
        return None
