"""What each coroutine of a workflow waits for, read off its await chain."""

import ast
import asyncio
import gc
import linecache
from collections.abc import Iterable, Iterator
from functools import lru_cache
from os.path import basename
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any
from weakref import WeakSet

from temporalio import workflow
from temporalio.worker import (
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowOutboundInterceptor,
)

from stagedflow.replay import _sdk
from stagedflow.replay.line_tracer import LineTracer
from stagedflow.replay.trace import Waiting
from stagedflow.replay.words import duration

BACKGROUND = "background"
"""Whose wait it is that no coroutine of the learner's is at: an activity that was started and is not awaited yet."""

MAX_NAMED = 6
"""Of several things awaited at once, so many are named; the others are counted."""

Told = tuple[str, str]
"""A wait's kind and text."""


class Outbound(WorkflowOutboundInterceptor):
    """Puts a frame with a public `input` into the await chain of each call that waits inside the SDK.

    Args:
        next: The interceptor behind this one.
        local: Takes the handles of local activities: their tasks are named like those of others.
        children: Takes the handles of children that have started.
    """

    def __init__(self, next: WorkflowOutboundInterceptor, local: "WeakSet[Any]", children: "WeakSet[Any]") -> None:
        super().__init__(next)
        self._local = local
        self._children = children

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        """Implements `WorkflowOutboundInterceptor.start_local_activity`."""
        handle = super().start_local_activity(input)
        self._local.add(handle)
        return handle

    async def start_child_workflow(self, input: StartChildWorkflowInput) -> workflow.ChildWorkflowHandle[Any, Any]:
        """Implements `WorkflowOutboundInterceptor.start_child_workflow`."""
        handle = await super().start_child_workflow(input)
        self._children.add(handle)
        return handle

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        """Implements `WorkflowOutboundInterceptor.signal_child_workflow`."""
        return await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        """Implements `WorkflowOutboundInterceptor.signal_external_workflow`."""
        return await super().signal_external_workflow(input)


class Awaits:
    """Names the waits of one workflow instance.

    Args:
        tracer: Knows which frames are the learner's, and where each task was started.
        run: The code of the workflow's `run`: its gates are counted first.
        info: The workflow's info, which the SDK puts into its tasks' names.
    """

    def __init__(self, tracer: LineTracer, run: CodeType, info: workflow.Info) -> None:
        self.local: WeakSet[Any] = WeakSet()
        self.children: WeakSet[Any] = WeakSet()
        self._tracer = tracer
        self._file = run.co_filename
        self._gates = _gates(self._file, run.co_firstlineno)
        self._suffix = f" (workflow: {info.workflow_type}, id: {info.workflow_id}, run: {info.run_id})"

    def waiting(self, tasks: Iterable["asyncio.Task[Any]"]) -> tuple[Waiting, ...]:
        """Where each of these tasks waits: `run` first, then in the order of their lines."""
        found: list[tuple[Waiting, asyncio.Task[Any]]] = []
        told: set[Any] = set()
        rest: list[asyncio.Task[Any]] = []
        for task in tasks:
            chain = frames(task.get_coro())
            own = [i for i, frame in enumerate(chain) if self._tracer.wants(frame.f_code)]
            if not own:
                rest.append(task)
                continue
            frame = chain[own[-1]]
            kind, text = self._wait(task, chain[own[-1] + 1 :], (frame.f_code.co_filename, frame.f_lineno))
            file = frame.f_code.co_filename
            found.append((Waiting(kind, text, frame.f_lineno, self._whose(task), file), task))
            told.update(_awaited(task, chain[own[-1] + 1 :]))
        for task in rest:  # of the SDK's own, those that no other coroutine waits for
            kind_text = self._named(task)
            if task in told or kind_text is None or (kind_text[0] == "child result" and task not in self.children):
                continue
            file, line = self._tracer.born.get(task) or ("", None)
            found.append((Waiting(*kind_text, line, BACKGROUND, file), task))
        order = sorted((w for w, _ in found), key=lambda w: (w.task != "run", w.file, w.line or 0, w.task, w.text))
        return tuple(order)

    def _whose(self, task: "asyncio.Task[Any]") -> str:
        name = task.get_name().removesuffix(self._suffix)
        return name.replace(": ", " ", 1) if name.startswith(_sdk.TASK_NAMES) else f"task {_coroutine(task)}"

    def _wait(self, task: "asyncio.Task[Any]", beyond: list[FrameType], at: tuple[str, int]) -> Told:
        limit = ""
        for frame in beyond:
            name, file, values = frame.f_code.co_name, basename(frame.f_code.co_filename), frame.f_locals
            if name == _sdk.CONDITION:
                return "condition", self._condition(at) + _at_most(values.get("timeout"))
            if name == _sdk.SLEEP:
                return "timer", f"timer {duration(values['duration'])}{limit}"
            if name == _sdk.CANCELS_EXTERNAL:
                return "external cancel", f"cancel of workflow {values['target_workflow_id']}{limit}"
            if frame.f_code.co_filename == __file__:
                kind, text = _outbound(name, values["input"])
                return kind, text + limit
            if (file, name) in _sdk.LIBRARY_WAITS:
                local = values.get(_sdk.LIBRARY_WAITS[file, name])
                if name == "wait_for" and file == "tasks.py":
                    limit = _at_most(values.get("timeout"))
                    if isinstance(local, asyncio.Future):
                        kind, text = self._future(local)
                        return kind, text + limit
                    continue
                kind, text = self._library(name, local, first=values.get("return_when") == asyncio.FIRST_COMPLETED)
                return kind, text + limit
            if name == _sdk.AS_COMPLETED:
                return "tasks", "the next one of as_completed"
        kind, text = self._future(getattr(task, _sdk.WAITS_ON, None))
        return kind, text + limit

    def _condition(self, at: tuple[str, int]) -> str:
        file, line = at
        place = f"wait_condition at {basename(file)}:{line}"
        number = next((n for n, (a, b) in enumerate(self._gates, 1) if file == self._file and a <= line <= b), None)
        return f"gate {number}: {place}" if number else place

    def _library(self, name: str, local: Any, *, first: bool) -> Told:
        if name == "sleep":
            return "timer", f"timer {duration(local)}"
        if name == "wait" and not isinstance(local, asyncio.Event | asyncio.Condition):
            return self._several("the first of" if first else "all of", local)
        what = f"asyncio.{type(local).__name__}"
        return "lock" if name == "acquire" else "other", f"{what}.{name}"

    def _future(self, future: Any) -> Told:
        """What a future stands for."""
        if isinstance(future, asyncio.Task):
            if named := self._named(future):
                return named
            return "tasks", f"task {_coroutine(future)}"
        if hasattr(future, _sdk.GATHERS):
            return self._several("gather of", getattr(future, _sdk.GATHERS))
        return "other", "a future"

    def _several(self, words: str, futures: Iterable[Any]) -> Told:
        texts = [self._future(f)[1] for f in futures if not f.done()]
        more = f" and {len(texts) - MAX_NAMED} more" if len(texts) > MAX_NAMED else ""
        return "tasks", f"{words} {', '.join(texts[:MAX_NAMED])}{more}"

    def _named(self, task: "asyncio.Task[Any]") -> Told | None:
        """What a task of the SDK's, or one that only runs code of the SDK's, waits for; None for the learner's."""
        kind, _, name = task.get_name().removesuffix(self._suffix).partition(": ")
        if kind == "activity":
            local = "local " if task in self.local else ""
            return f"{local}activity", f"{local}activity {name}"
        if kind == "child":
            return "child result", f"result of child workflow {name}"
        if kind == "nexus":
            return "other", f"nexus operation {name}"
        chain = frames(task.get_coro())
        if not chain or any(self._tracer.wants(frame.f_code) for frame in chain):
            return None
        return self._wait(task, chain, ("", 0))


def _coroutine(task: "asyncio.Task[Any]") -> str:
    return str(getattr(task.get_coro(), "__name__", "of its own"))


def frames(awaitable: Any) -> list[FrameType]:
    """The frames of an await chain, from the task's coroutine inwards."""
    return list(_frames(awaitable))


def _frames(awaitable: Any) -> Iterator[FrameType]:
    while True:
        match awaitable:
            case CoroutineType():
                frame, awaitable = awaitable.cr_frame, awaitable.cr_await
            case GeneratorType():
                frame, awaitable = awaitable.gi_frame, awaitable.gi_yieldfrom
            case AsyncGeneratorType():
                frame, awaitable = awaitable.ag_frame, awaitable.ag_await
            case _:
                awaitable = _generator_of(awaitable)
                if awaitable is None:
                    return
                continue
        if frame is None:
            return
        yield frame


def _generator_of(awaitable: Any) -> Any:
    """The asynchronous generator that an `async for` or an `async with` waits for, or None."""
    if type(awaitable).__name__ not in _sdk.SENDS:
        return None
    inner = (r for r in gc.get_referents(awaitable) if type(r).__name__ in ("async_generator", *_sdk.SENDS))
    return next(inner, None)


def _awaited(task: "asyncio.Task[Any]", beyond: list[FrameType]) -> Iterator[Any]:
    """The futures that a task waits on, and those that these wait on."""
    todo = [getattr(task, _sdk.WAITS_ON, None)]
    for frame in beyond:
        local = frame.f_locals.get(
            _sdk.LIBRARY_WAITS.get((basename(frame.f_code.co_filename), frame.f_code.co_name), "")
        )
        todo.extend(local if isinstance(local, list | tuple | set) else [local])
    seen: set[int] = set()
    while todo:
        future = todo.pop()
        if not isinstance(future, asyncio.Future) or id(future) in seen:
            continue
        seen.add(id(future))
        yield future
        todo.extend([getattr(future, _sdk.WAITS_ON, None), *getattr(future, _sdk.GATHERS, ())])


def _outbound(name: str, input: Any) -> Told:
    match name:
        case "start_child_workflow":
            return "child start", f"start of child workflow {input.workflow}"
        case "signal_child_workflow":
            return "external signal", f"signal {input.signal} to child workflow {input.child_workflow_id}"
        case _:
            return "external signal", f"signal {input.signal} to workflow {input.workflow_id}"


def _at_most(seconds: Any) -> str:
    return f", for at most {duration(seconds)}" if isinstance(seconds, int | float) else ""


@lru_cache(maxsize=256)
def _gates(file: str, run_line: int) -> tuple[tuple[int, int], ...]:
    """The lines of each `wait_condition` in the class whose `run` begins at `run_line`: those of `run` come first."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        methods = [m for m in cls.body if isinstance(m, functions)]
        is_run = [m for m in methods if min([m.lineno, *(d.lineno for d in m.decorator_list)]) == run_line]
        if is_run:
            return tuple(span for m in [*is_run, *(m for m in methods if m not in is_run)] for span in _spans(m))
    return ()


def _spans(function: ast.AST) -> list[tuple[int, int]]:
    calls = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    named = (c for c in calls if getattr(c.func, "attr", getattr(c.func, "id", "")) == "wait_condition")
    return sorted((c.lineno, c.end_lineno or c.lineno) for c in named)
