"""`record_replay`: a saved history through Temporal's own Replayer, as a `ReplayTrace`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.service import RPCError
from temporalio.worker import Interceptor, Plugin, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow.background import on_lab_loop
from stagedflow.errors import LabError
from stagedflow.replay import _sdk
from stagedflow.replay.definitions import definition_for, source_file
from stagedflow.replay.events import read_events
from stagedflow.replay.matching import match
from stagedflow.replay.saved.deadlock import steps_of
from stagedflow.replay.saved.failures import failure_of, up_to_the_parting
from stagedflow.replay.saved.guarded_replay import Replayed, replay
from stagedflow.replay.saved.handlers import missing_handlers
from stagedflow.replay.saved.history_file import UNNAMED, read_history, with_id
from stagedflow.replay.saved.notes import notes_of
from stagedflow.replay.saved.recorded_by import other_sdk
from stagedflow.replay.saved.stand_in import with_stand_ins
from stagedflow.replay.sources import files_of, read_sources
from stagedflow.replay.trace import Failure, ReplayTrace

History = WorkflowHistory | WorkflowHandle[Any, Any] | str | Path | Mapping[str, Any]


@on_lab_loop
async def record_replay(
    history: History,
    *,
    workflows: Sequence[type],
    data_converter: DataConverter = DataConverter.default,
    workflow_runner: WorkflowRunner | None = None,
    interceptors: Sequence[Interceptor] = (),
    plugins: Sequence[Plugin] = (),
    workflow_failure_exception_types: Sequence[type[BaseException]] = (),
    workflow_id: str | None = None,
) -> ReplayTrace:
    """Replay a workflow's history against its code, and record every activation.

    The replay is done by `temporalio.worker.Replayer`, in Temporal's sandbox. It runs the workflow's code, never an
    activity, and needs no server. May be awaited from any event loop.

    Args:
        history: A history that was fetched; the handle of a workflow, whose history is fetched; the path of a JSON file
            that the Temporal CLI, the Web UI or `to_json` wrote; or such JSON as text or dict.
        workflows: The workflow classes, of which one has the history's type.
        data_converter: The one that the workflow's client and worker use, above all its codec.
        workflow_runner: Runs the workflow, by default `SandboxedWorkflowRunner()`; give the worker's, if its sandbox
            passes modules through.
        interceptors: The worker's, if they change what the workflow does.
        plugins: The client's and worker's, if they change the data converter, the runner or the interceptors.
        workflow_failure_exception_types: The worker's: exceptions that fail the workflow rather than the workflow task.
        workflow_id: The workflow's id, for a history that does not hold it, as those of older servers.

    Returns:
        The trace, also if the replay failed: `failure` then says how, and the steps up to there are kept.

    Raises:
        LabError: There is no complete history in `history`; or no class in `workflows` for it, or one that Temporal
            does not accept.
    """
    if isinstance(history, WorkflowHandle):
        history = await _fetched(history)
    # In a thread: a large file would hold up everything else on the lab's loop.
    read = await asyncio.to_thread(read_history, history)
    read, unnamed = with_id(read, workflow_id)
    definition = definition_for(_type_of(read), workflows, other_sdk(read.events))
    replayed, note = Replayed(), ""
    # Without a workflow task there is nothing to replay, and the Replayer would wait for one.
    if any(e.HasField("workflow_task_scheduled_event_attributes") for e in read.events):
        # A plugin may bring a converter that knows these payloads.
        converter, note = (data_converter, "") if plugins else with_stand_ins(data_converter, read.events)
        replayed = await replay(
            read,
            workflow_runner=workflow_runner or SandboxedWorkflowRunner(),
            workflows=workflows,
            data_converter=converter,
            interceptors=interceptors,
            plugins=plugins,
            workflow_failure_exception_types=workflow_failure_exception_types,
        )
    trace = await asyncio.to_thread(_trace, read, definition, replayed, note)
    if not unnamed:
        return trace
    if guessed := _id_in(trace.failure, read):
        again = await record_replay(
            WorkflowHistory(guessed, read.events), workflows=workflows, data_converter=data_converter,
            workflow_runner=workflow_runner, interceptors=interceptors, plugins=plugins,
            workflow_failure_exception_types=workflow_failure_exception_types,
        )  # fmt: skip
        if trace.failure and (again.failure is None or again.failure.step > trace.failure.step):
            guess = f"This history does not hold its workflow's id. By its child workflow's it is {guessed!r}."
            return replace(again, notes=(guess, *again.notes))
    return replace(trace, notes=(unnamed, *trace.notes))


def _id_in(failure: Failure | None, history: WorkflowHistory) -> str:
    """The workflow's id, where a child's id in history is made of it, or ""."""
    if failure is None or failure.actual is None or failure.expected is None:
        return ""
    made = failure.actual.key.split(":", 2)[-1]
    before, found, after = made.partition(UNNAMED)
    event = history.events[failure.expected.id - 1]
    real = event.start_child_workflow_execution_initiated_event_attributes.workflow_id
    if not found or not (real.startswith(before) and real.endswith(after)):
        return ""
    return real.removeprefix(before).removesuffix(after)


async def _fetched(handle: WorkflowHandle[Any, Any]) -> WorkflowHistory:
    try:
        return await handle.fetch_history()
    except RPCError as error:
        raise LabError(f"The history of workflow {handle.id!r} could not be fetched: {error.message}.") from error


def _type_of(history: WorkflowHistory) -> str:
    return str(history.events[0].workflow_execution_started_event_attributes.workflow_type.name)


def _trace(history: WorkflowHistory, definition: Any, replayed: Replayed, note: str) -> ReplayTrace:
    file = source_file(definition)
    events = read_events(history.events)
    recorded = steps_of(replayed, history.events, file)
    steps = [replace(step, index=i, at=None) for i, step in enumerate(match(recorded, history.events))]
    failure = failure_of(replayed.error, steps, history.events, events, replayed.records)
    sources = read_sources(files_of(steps, file))
    return ReplayTrace.of(
        up_to_the_parting(steps, failure),
        workflow_type=_type_of(history),
        file=file,
        failure=failure,
        events=events,
        sources=sources,
        notes=(
            *filter(None, [_sdk.untried(), other_sdk(history.events)]),
            *notes_of(steps, failure, replayed.records, events, note),
            *missing_handlers(definition, steps, sources),
        ),
    )
