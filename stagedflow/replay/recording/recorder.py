"""A workflow runner that wraps another and reports one `ReplayStep` an activation.

It sees what Temporal's own worker or replayer does and changes nothing in it: activation and completion pass through
untouched, and a step is handed to `sink` after the activation. `sink` must not block: a workflow task that waits is one
that fails.
"""

import asyncio
import inspect
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.worker import (
    ExecuteWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowOutboundInterceptor,
    WorkflowRunner,
)

from stagedflow.replay.definitions import source_file
from stagedflow.replay.recording.awaits import Awaits, frames
from stagedflow.replay.recording.jobs import Naming, commands_of
from stagedflow.replay.recording.line_tracer import LineTracer
from stagedflow.replay.recording.outbound import Outbound
from stagedflow.replay.trace import ReplayStep
from stagedflow.replay.values.safe_text import attributes_of, safe_names

DEADLOCK = "it did not yield within 2 seconds: the SDK's deadlock detector (TMPRL1101) stopped it"

Sink = Callable[[WorkflowInstanceDetails, ReplayStep], None]


class RecordingRunner(WorkflowRunner):
    """Runs workflows through `inner` and hands every activation's step to `sink`."""

    def __init__(self, inner: WorkflowRunner, sink: Sink) -> None:
        self._inner = inner
        self._sink = sink

    def prepare_workflow(self, defn: Any) -> None:
        """Implements `WorkflowRunner.prepare_workflow`."""
        self._inner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """Implements `WorkflowRunner.set_worker_level_failure_exception_types`."""
        self._inner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Implements `WorkflowRunner.create_instance`."""
        return _RecordedInstance(self._inner, det, self._sink)


class _RecordedInstance(WorkflowInstance):
    def __init__(self, inner: WorkflowRunner, det: WorkflowInstanceDetails, sink: Sink) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._object: Any = None
        self._seen_events = 0
        self._det = det
        self._sink = sink
        self._run = inspect.unwrap(det.defn.run_fn).__code__
        self._lines = LineTracer(source_file(det.defn))
        self._awaits = Awaits(self._lines, self._run, det.info)
        self._naming = Naming()
        recorded = self

        class Capture(WorkflowInboundInterceptor):
            """Public API's way to the running workflow: its loop (for its tasks) and its object (for its state)."""

            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound, recorded._awaits.local, recorded._awaits.children))

            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
                recorded._loop = asyncio.get_running_loop()
                recorded._object = workflow.instance()
                return await super().execute_workflow(input)

        self._inner = inner.create_instance(replace(det, interceptor_classes=[*det.interceptor_classes, Capture]))

    def activate(self, act: Any) -> Any:
        if any(job.HasField("remove_from_cache") for job in act.jobs):
            return self._evict(act)
        with self._lines:
            completion = self._inner.activate(act)
        # Recording must never fail a workflow task; the worker's log keeps the reason.
        try:
            step = self._least(act)
            try:
                step = self._whole(step, completion)
            except Exception as error:
                print(f"stagedflow: of an activation only jobs and lines were recorded: {error!r}", file=sys.stderr)
            self._sink(self._det, step)
        except Exception as error:
            print(f"stagedflow: an activation was not recorded: {error!r}", file=sys.stderr)
        return completion

    def _evict(self, act: Any) -> Any:
        """Let the SDK drop the workflow. What it wraps of a task that never started, Python would complain about."""
        unstarted = self._awaits.open.unstarted()
        completion = self._inner.activate(act)
        for coroutine in unstarted:
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()
        return completion

    def _least(self, act: Any) -> ReplayStep:
        """What came and which lines ran: no object of the learner's is looked at for it."""
        brought = tuple(range(self._seen_events + 1, act.history_length + 1))
        self._seen_events = max(self._seen_events, act.history_length)
        return ReplayStep(
            index=0,
            is_replaying=act.is_replaying,
            event_ids=brought,
            jobs=tuple(self._naming.job(job) for job in act.jobs),
            lines=tuple(self._lines.taken),
            query=all(job.HasField("query_workflow") for job in act.jobs),
            at=time.time(),
            cut=self._lines.cut,
        )

    def _whole(self, step: ReplayStep, completion: Any) -> ReplayStep:
        lines = self._lines
        waiting = self._awaits.waiting(self._loop)  # first: it takes in what has started and ended
        interrupted = lines.interrupted or (self._awaits.open.interrupted(lines.wants) if lines.cut else None)
        return replace(
            step,
            lines=(*step.lines, interrupted) if interrupted else step.lines,
            waiting=waiting,
            commands=commands_of(self._naming, completion.successful.commands, lines.makers),
            side_effects=tuple(lines.side_effects),
            state=safe_names(attributes_of(self._object)) if self._object is not None else {},
            locals=self._run_locals(),
            failure=DEADLOCK if interrupted else _failure(completion),
        )

    def _run_locals(self) -> dict[str, str]:
        for task in self._awaits.open.handlers:
            for frame in frames(task.get_coro()):
                code = frame.f_code  # a sandboxed workflow's code is another object, made from the same file
                if (code.co_filename, code.co_qualname) == (self._run.co_filename, self._run.co_qualname):
                    return safe_names({n: v for n, v in frame.f_locals.items() if n != "self"})
        return {}

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()


def _failure(completion: Any) -> str | None:
    """What failed the workflow task: the exception's type and message."""
    if not completion.HasField("failed"):
        return None
    failure = completion.failed.failure
    kind = failure.application_failure_info.type
    return ": ".join(filter(None, (kind, failure.message))) or "the workflow task failed"
