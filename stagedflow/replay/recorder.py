"""A workflow runner that wraps another and reports one `ReplayStep` an activation.

It sees what Temporal's own worker or replayer does and changes nothing in it: activation and completion pass through
untouched, and a step is handed to `sink` after the activation. `sink` must not block: a workflow task that waits is one
that fails.
"""

import asyncio
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import CodeType, CoroutineType, FrameType
from typing import Any

from temporalio import workflow
from temporalio.worker import (
    ExecuteWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)

from stagedflow.replay import _sdk
from stagedflow.replay.safe_text import safe_names
from stagedflow.replay.trace import Command, Job, ReplayStep, Waiting

MAX_LINES = 5_000
"""Lines kept of one activation: a loop's later turns are cut, so that a step stays a bounded row."""

Sink = Callable[[WorkflowInstanceDetails, ReplayStep], None]
_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_OWN_PACKAGE = str(Path(__file__).parents[1]) + os.sep


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
        self._lines = LineTracer(sys.modules[det.defn.cls.__module__].__file__ or "")
        recorded = self

        class Capture(WorkflowInboundInterceptor):
            """Public API's way to the running workflow: its loop (for its tasks) and its object (for its state)."""

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
        query = all(job.HasField("query_workflow") for job in act.jobs)
        brought = tuple(range(self._seen_events + 1, act.history_length + 1))
        self._seen_events = max(self._seen_events, act.history_length)
        tasks = asyncio.all_tasks(self._loop) if self._loop else set()
        chains = [chain for task in tasks if (chain := list(_frames(task.get_coro())))]
        waiting = sorted({w for chain in chains if (w := self._waiting(chain))}, key=lambda w: (w.line or 0, w.text))
        return ReplayStep(
            index=0,
            is_replaying=act.is_replaying,
            event_ids=brought,
            jobs=tuple(Job(job.WhichOneof("variant"), _job_text(job)) for job in act.jobs),
            lines=tuple(self._lines.taken),
            waiting=tuple(waiting),
            commands=tuple(_command(c, waiting) for c in completion.successful.commands),
            state=safe_names(vars(self._object)) if hasattr(self._object, "__dict__") else {},
            locals=self._run_locals(chains),
            query=query,
            at=time.time(),
            failure=completion.failed.failure.message or None,
        )

    def _waiting(self, chain: list[FrameType]) -> Waiting | None:
        own = [i for i, frame in enumerate(chain) if self._lines.wants(frame.f_code)]
        if not own:
            return None
        line, beyond = chain[own[-1]].f_lineno, chain[own[-1] + 1 :]
        for frame in beyond:
            kind = _sdk.WAITS.get(frame.f_code.co_name)
            if kind:
                named = [frame.f_locals[n] for n in _sdk.NAMED_BY.get(kind, ()) if n in frame.f_locals]
                words = {"condition": "wait_condition", "child": "child workflow"}.get(kind, kind)
                return Waiting(kind, " ".join([words, *(_name_of(n) for n in named)]), line)
        return Waiting("other", "an await of its own", line)

    def _run_locals(self, chains: list[list[FrameType]]) -> dict[str, str]:
        run = self._det.defn.run_fn.__code__
        for frame in (frame for chain in chains for frame in chain):
            if (frame.f_code.co_filename, frame.f_code.co_name) == (run.co_filename, run.co_name):
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


class LineTracer:
    """Collects the lines executed in the workflow's file and the learner's own modules, in order.

    Args:
        workflow_file: Always traced, wherever it is installed. The SDK, the standard library, installed packages and
            this package are not.
    """

    def __init__(self, workflow_file: str) -> None:
        self.taken: list[tuple[str, int]] = []
        self._wanted: dict[str, bool] = {workflow_file: True}
        self._previous: Any = None

    def wants(self, code: CodeType) -> bool:
        """True if lines of this code are the learner's."""
        file = code.co_filename
        if file not in self._wanted:
            foreign = file.startswith(("<", *_LIBRARIES, _OWN_PACKAGE)) or file == "workflow_sandbox.py"
            self._wanted[file] = not foreign
        return self._wanted[file]

    def __enter__(self) -> None:
        self.taken = []
        self._previous = sys.gettrace()
        sys.settrace(self._on_call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._previous)

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        return self._on_line if self.wants(frame.f_code) else None

    def _on_line(self, frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and len(self.taken) < MAX_LINES:
            self.taken.append((frame.f_code.co_filename, frame.f_lineno))
        return self._on_line


def _frames(awaitable: Any) -> Iterator[FrameType]:
    """The frames of an await chain, from the task's coroutine inwards."""
    while isinstance(awaitable, CoroutineType):
        if awaitable.cr_frame is None:
            return
        yield awaitable.cr_frame
        awaitable = awaitable.cr_await


def _name_of(named: Any) -> str:
    return named if isinstance(named, str) else getattr(named, "__name__", type(named).__name__)


def _job_text(job: Any) -> str:
    kind = job.WhichOneof("variant")
    body = getattr(job, kind)
    words = {
        "initialize_workflow": lambda: f"start {body.workflow_type}",
        "signal_workflow": lambda: f"signal {body.signal_name}",
        "query_workflow": lambda: f"query {body.query_type}",
        "do_update": lambda: f"update {body.name}",
        "resolve_activity": lambda: f"activity {body.result.WhichOneof('status')}",
        "fire_timer": lambda: "timer fired",
    }
    return words[kind]() if kind in words else kind.replace("_", " ")


def _command(command: Any, waiting: list[Waiting]) -> Command:
    kind = command.WhichOneof("variant")
    body = getattr(command, kind)
    name = next((getattr(body, n) for n in ("activity_type", "workflow_type") if hasattr(body, n)), "")
    line = next((w.line for w in waiting if name and w.text.endswith(f" {name}")), None)
    return Command(kind, f"{kind.replace('_', ' ')} {name}".strip(), line)
