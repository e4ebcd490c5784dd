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

from stagedflow.replay.awaits import Awaits, Outbound, frames
from stagedflow.replay.definitions import source_file
from stagedflow.replay.jobs import Naming, commands_of
from stagedflow.replay.line_tracer import LineTracer
from stagedflow.replay.safe_text import safe_names
from stagedflow.replay.trace import ReplayStep

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
            return self._inner.activate(act)
        with self._lines:
            completion = self._inner.activate(act)
        try:
            self._sink(self._det, self._step(act, completion))
        except Exception as error:
            # Recording must never fail a workflow task; the worker's log keeps the reason.
            print(f"stagedflow: an activation was not recorded: {error!r}", file=sys.stderr)
        return completion

    def _step(self, act: Any, completion: Any) -> ReplayStep:
        lines = self._lines
        brought = tuple(range(self._seen_events + 1, act.history_length + 1))
        self._seen_events = max(self._seen_events, act.history_length)
        tasks = asyncio.all_tasks(self._loop) if self._loop else set()
        return ReplayStep(
            index=0,
            is_replaying=act.is_replaying,
            event_ids=brought,
            jobs=tuple(self._naming.job(job) for job in act.jobs),
            lines=tuple(lines.taken) if lines.interrupted is None else (*lines.taken, lines.interrupted),
            waiting=self._awaits.waiting(tasks),
            commands=commands_of(self._naming, completion.successful.commands, lines.makers),
            side_effects=tuple(lines.side_effects),
            state=safe_names(vars(self._object)) if hasattr(self._object, "__dict__") else {},
            locals=self._run_locals(tasks),
            query=all(job.HasField("query_workflow") for job in act.jobs),
            at=time.time(),
            failure=completion.failed.failure.message or (DEADLOCK if lines.interrupted else None),
        )

    def _run_locals(self, tasks: "set[asyncio.Task[Any]]") -> dict[str, str]:
        for task in tasks:
            for frame in frames(task.get_coro()):
                code = frame.f_code  # a sandboxed workflow's code is another object, made from the same lines
                if (code.co_filename, code.co_firstlineno) == (self._run.co_filename, self._run.co_firstlineno):
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
