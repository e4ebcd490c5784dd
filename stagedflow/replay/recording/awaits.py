"""What each coroutine of a workflow waits for, read off its await chain."""

import asyncio
import gc
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain, islice
from os.path import basename
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any
from weakref import WeakSet

from temporalio import workflow

from stagedflow.replay import _sdk
from stagedflow.replay.recording import outbound
from stagedflow.replay.recording.gates import gates_of
from stagedflow.replay.recording.line_tracer import LineTracer
from stagedflow.replay.recording.open_tasks import OpenTasks
from stagedflow.replay.trace import Waiting
from stagedflow.replay.words import duration

BACKGROUND = "background"
"""Whose wait it is that no coroutine of the learner's is at: an activity that was started and is not awaited yet."""

MAX_NAMED = 6
"""Of several things awaited at once, so many are named; the others are counted."""

MOST = 50
"""So many coroutines of the learner's are looked at."""

MANY = 200
"""If more tasks are open, those in the background are only counted."""

_LIBRARY_NAMES = {name for _, name in _sdk.LIBRARY_WAITS}

Told = tuple[str, str]
"""A wait's kind and text."""


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
        self.open = OpenTasks()
        self._tracer = tracer
        self._file = run.co_filename
        self._gates = gates_of(run)
        self._suffix = f" (workflow: {info.workflow_type}, id: {info.workflow_id}, run: {info.run_id})"

    def waiting(self, loop: asyncio.AbstractEventLoop | None) -> tuple[Waiting, ...]:
        """Where each coroutine waits: `run` first, then in the order of their lines.

        Of thousands only some are told: an activation must not cost more, the more is open.

        Args:
            loop: The workflow's own, or None if it has none yet.
        """
        unseen = asyncio.all_tasks(loop) if self._tracer.cut and loop else ()
        self.open.update(self._tracer.started, unseen)
        handlers, tasks, handles = self.open.handlers, self.open.tasks, self.open.handles
        found: list[Waiting] = []
        told: set[Any] = set()
        few = len(tasks) + len(handles) <= MANY
        for task in islice(chain(handlers, tasks), MOST):
            frames_in = frames(task.get_coro())
            own = next((i for i in range(len(frames_in) - 1, -1, -1) if self._tracer.wants(frames_in[i].f_code)), None)
            if own is None:
                continue
            frame, beyond = frames_in[own], frames_in[own + 1 :]
            file = frame.f_code.co_filename
            kind, text = self._wait(task, beyond, (file, frame.f_lineno))
            found.append(Waiting(kind, text, frame.f_lineno, self._whose(task), file))
            if few:
                told.update(_awaited(task, beyond))
        if few:
            alike = Counter(w for task in (*handles, *tasks) if task not in told and (w := self._background(task)))
            found += (replace(w, text=f"{w.text} ×{n}") if n > 1 else w for w, n in alike.items())
        found.sort(key=lambda w: (w.task != "run", w.file, w.line or 0, w.task, w.text))
        return (*found, *self._others())

    def _background(self, task: "asyncio.Task[Any]") -> Waiting | None:
        """The wait of a task of the SDK's own that no coroutine waits for, or None if it is not one."""
        kind_text = self._named(task)
        if kind_text is None or (kind_text[0] == "child result" and task not in self.children):
            return None
        file, line = self._tracer.born.get(task) or ("", None)
        return Waiting(*kind_text, line, BACKGROUND, file)

    def _others(self) -> Iterator[Waiting]:
        """What is not told one by one, counted."""
        handlers, tasks, handles = map(len, (self.open.handlers, self.open.tasks, self.open.handles))
        if handlers + tasks > MOST:
            yield Waiting("tasks", f"{handlers + tasks - MOST:,} more coroutines", None, BACKGROUND)
        if tasks + handles > MANY and handles:
            yield Waiting("tasks", f"{handles:,} activities and child workflows in all", None, BACKGROUND)

    def _whose(self, task: "asyncio.Task[Any]") -> str:
        name = task.get_name().removesuffix(self._suffix)
        return name.replace(": ", " ", 1) if name.startswith(_sdk.TASK_NAMES) else f"task {_coroutine(task)}"

    def _wait(self, task: "asyncio.Task[Any]", beyond: list[FrameType], at: tuple[str, int]) -> Told:
        limit = ""
        for frame in beyond:
            name, file = frame.f_code.co_name, frame.f_code.co_filename
            if name == _sdk.CONDITION:
                return "condition", self._condition(at) + _at_most(frame.f_locals.get("timeout"))
            if name == _sdk.SLEEP:
                return "timer", f"timer {duration(frame.f_locals['duration'])}{limit}"
            if name == _sdk.CANCELS_EXTERNAL:
                return "external cancel", f"cancel of workflow {frame.f_locals['target_workflow_id']}{limit}"
            if file == outbound.__file__:
                kind, text = outbound.told_of(name, frame.f_locals["input"])
                return kind, text + limit
            if waits_on := _library_local(frame):
                values, file = frame.f_locals, basename(file)
                local = values.get(waits_on)
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
        place = f"wait_condition at {basename(file)}:{line}" if file else "wait_condition"
        number = next((n for n, (a, b) in enumerate(self._gates, 1) if file == self._file and a <= line <= b), None)
        return f"gate {number}: {place}" if number else place

    def _library(self, name: str, local: Any, *, first: bool) -> Told:
        if name == "sleep":
            return "timer", f"timer {duration(local)}"
        if name == "wait" and not isinstance(local, asyncio.Event | asyncio.Condition):
            return self._several("the first of" if first else "all of", local)
        if isinstance(local, asyncio.TaskGroup):
            return self._several("TaskGroup of", sorted(getattr(local, _sdk.GROUPS), key=self.open.place))
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
        if (inner := _shielded(future)) is not None:
            kind, text = self._future(inner)
            return kind, f"shield of {text}"
        return "other", "a future"

    def _several(self, words: str, futures: Collection[Any]) -> Told:
        named = [self._future(f)[1] for f in islice((f for f in futures if not f.done()), MAX_NAMED)]
        left = sum(not f.done() for f in futures) - len(named)
        return "tasks", f"{words} {', '.join(named)}{f' and {left:,} more' if left else ''}"

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
        inside = frames(task.get_coro())
        if not inside or any(self._tracer.wants(frame.f_code) for frame in inside):
            return None
        return self._wait(task, inside, self._tracer.born.get(task) or ("", 0))


def _library_local(frame: FrameType) -> str | None:
    """The local variable in which a function of asyncio's keeps what it waits on, or None if it is another function."""
    name = frame.f_code.co_name
    return _sdk.LIBRARY_WAITS.get((basename(frame.f_code.co_filename), name)) if name in _LIBRARY_NAMES else None


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
        waits_on = _library_local(frame)
        local = frame.f_locals.get(waits_on) if waits_on else None  # a frame's locals are not to be had for nothing
        local = getattr(local, _sdk.GROUPS) if isinstance(local, asyncio.TaskGroup) else local
        todo.extend(local if isinstance(local, list | tuple | set) else [local])
    seen: set[int] = set()
    while todo:
        future = todo.pop()
        if not isinstance(future, asyncio.Future) or id(future) in seen:
            continue
        seen.add(id(future))
        yield future
        todo.extend([getattr(future, _sdk.WAITS_ON, None), _shielded(future), *getattr(future, _sdk.GATHERS, ())])


def _shielded(future: Any) -> Any:
    """What `asyncio.shield` protects behind this future, or None if it is not one of its."""
    for entry in getattr(future, _sdk.CALLBACKS, None) or ():
        code = getattr(entry[0], "__code__", None)
        if code is not None and code.co_name == _sdk.SHIELDS and _sdk.SHIELDED in code.co_freevars:
            return entry[0].__closure__[code.co_freevars.index(_sdk.SHIELDED)].cell_contents
    return None


def _at_most(seconds: Any) -> str:
    return f", for at most {duration(seconds)}" if isinstance(seconds, int | float) else ""
