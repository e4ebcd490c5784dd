"""Each fixture replayed in the ways that the tests compare, once a session."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow.background import quiet_runtime
from stagedflow.replay.recording.recorder import RecordingRunner
from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import ReplayStep, ReplayTrace
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.replay.copies import copy_of
from tests.replay.oracle import Activation, Oracle

T = TypeVar("T")


def once(function: Callable[[str], Awaitable[T]]) -> Callable[[str], Awaitable[T]]:
    """Replays each case once: what comes out is plain data, whichever loop it was made on."""
    known: dict[str, T] = {}

    @wraps(function)
    async def remembered(name: str) -> T:
        if name not in known:
            known[name] = await function(name)
        return known[name]

    return remembered


@once
async def trace_of(name: str) -> ReplayTrace:
    """What `record_replay` gives."""
    return await record_replay(load(name), workflows=[CASES[name].workflow])


@once
async def bare(name: str) -> Exception | None:
    """The failure that Temporal's Replayer finds by itself."""
    return await _replay(name, SandboxedWorkflowRunner(), UnsandboxedWorkflowRunner())


@once
async def recorded(name: str) -> tuple[Exception | None, list[ReplayStep]]:
    """The failure that it finds with the recorder in between, and all that was recorded."""
    steps: list[ReplayStep] = []

    def take(_: object, step: ReplayStep) -> None:
        steps.append(step)

    sandboxed = RecordingRunner(SandboxedWorkflowRunner(), take)
    return await _replay(name, sandboxed, RecordingRunner(UnsandboxedWorkflowRunner(), take)), steps


@once
async def marked(name: str) -> list[Activation]:
    """What the oracle saw in a replay."""
    oracle = Oracle()
    await _replay(name, oracle, oracle, workflow=copy_of(CASES[name].workflow))
    return oracle.runs[0][1]


async def _replay(
    name: str, sandboxed: WorkflowRunner, unsandboxed: WorkflowRunner, workflow: type[Any] | None = None
) -> Exception | None:
    replayer = Replayer(
        workflows=[workflow or CASES[name].workflow],
        workflow_runner=sandboxed,
        unsandboxed_workflow_runner=unsandboxed,
        runtime=quiet_runtime(),
    )
    return (await replayer.replay_workflow(load(name), raise_on_replay_failure=False)).replay_failure
