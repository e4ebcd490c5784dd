"""Watches code by `sys.monitoring` (PEP 669, Python 3.12): only the wanted code reports, all else is switched off once.

It stands beside a debugger, a profiler and `coverage`, each of which is another tool to Python.
"""

import atexit
import sys
from threading import get_ident
from types import CodeType, FrameType
from typing import Any

from stagedflow.replay.recording.watching import Watcher

NAME = "stagedflow"
_FREE = (4, 3)
"""The tool ids that Python's documentation leaves to anybody; the others have a purpose by convention."""

_watchers: dict[int, Watcher] = {}
"""Thread -> who watches it: Python reports the code's events from every thread that runs it."""
_tool: int | None = None
_known: set[str] = set()
"""The workflow files watched so far."""
_cut = False
"""Some line was switched off as there was too much: the next activation switches it on again."""

mon: Any = getattr(sys, "monitoring", None)


def available() -> bool:
    """Take one of Python's tool ids, once; False if there is no `sys.monitoring`, or no id is left."""
    global _tool
    if mon is None:
        return False
    if _tool is not None and mon.get_tool(_tool) == NAME:
        return True
    for tool in _FREE:
        if mon.get_tool(tool) is None:
            mon.use_tool_id(tool, NAME)
            _tool = tool
            _register(tool)
            return True
    return False


def _register(tool: int) -> None:
    events = mon.events
    callbacks = {
        events.PY_START: _on_start, events.PY_RESUME: _on_resume, events.PY_THROW: _on_throw, events.LINE: _on_line,
        events.JUMP: _on_jump, events.PY_RETURN: _on_return, events.PY_YIELD: _on_yield,
        events.PY_UNWIND: _on_unwind, events.RAISE: _on_raise, events.STOP_ITERATION: _on_raise,
    }  # fmt: skip
    for event, callback in callbacks.items():
        mon.register_callback(tool, event, callback)
    # An exception's events cannot be had for one code object alone.
    atexit.register(_unregister)
    mon.set_events(tool, events.PY_START | events.PY_THROW | events.PY_UNWIND | events.RAISE)


class Monitoring:
    """Watches the current thread.

    Args:
        workflow_file: A file that is wanted though it may be a library's.
    """

    def __init__(self, workflow_file: str) -> None:
        self._file = workflow_file

    def begin(self, watcher: Watcher) -> None:
        """Report to this watcher what the thread does from now on."""
        global _cut
        if _cut or self._file not in _known:
            _known.add(self._file)
            _cut = False
            mon.restart_events()
        _watchers[get_ident()] = watcher

    def end(self) -> bool:
        """Stop; nothing can have ended it before."""
        _watchers.pop(get_ident(), None)
        return True


def _on_start(code: CodeType, _offset: int) -> Any:
    watcher = _watchers.get(get_ident())
    if watcher is None:
        return None  # another thread's, and perhaps one that some watcher wants later
    if watcher.wants(code):
        events = mon.events
        here = mon.get_local_events(_tool, code)
        if not here & events.LINE:
            lines = events.LINE | events.JUMP | events.PY_RESUME | events.PY_RETURN | events.PY_YIELD
            mon.set_local_events(_tool, code, lines | events.STOP_ITERATION)
        if not watcher.cut:
            frame = sys._getframe(1)
            frame.f_trace_lines = True
            watcher.entered(frame)
    elif watcher.is_watched(code):
        if not watcher.cut:
            watcher.watch(sys._getframe(1))
    elif watcher.is_asked(code):
        mon.set_local_events(_tool, code, mon.events.PY_RETURN)
    else:
        return mon.DISABLE
    return None


def _wanted(code: CodeType) -> Watcher | None:
    """Who watches this thread, if it wants this code and has not had enough."""
    watcher = _watchers.get(get_ident())
    return watcher if watcher is not None and not watcher.cut and watcher.wants(code) else None


def _on_resume(code: CodeType, _offset: int) -> None:
    if watcher := _wanted(code):
        frame = sys._getframe(1)
        frame.f_trace_lines = True
        watcher.entered(frame)


def _on_throw(code: CodeType, _offset: int, _exception: BaseException) -> None:
    if watcher := _wanted(code):
        frame = sys._getframe(1)
        frame.f_trace_lines = True
        watcher.entered(frame)


def _on_line(code: CodeType, _line: int) -> Any:
    return _line_of(code, sys._getframe(1))


def _line_of(code: CodeType, frame: FrameType) -> Any:
    global _cut
    watcher = _watchers.get(get_ident())
    if watcher is None or not watcher.wants(code):
        return None
    if watcher.cut:
        _cut = True
        return mon.DISABLE
    if frame.f_trace_lines:
        watcher.line(frame)
    return None


def _on_jump(code: CodeType, start: int, target: int) -> Any:
    """A jump back within one line is that line again; every other one is told by the line that it comes to."""
    frame = sys._getframe(1)
    if target > start or _line_at(code, target) != frame.f_lineno:
        return mon.DISABLE
    return _line_of(code, frame)


def _line_at(code: CodeType, offset: int) -> int | None:
    return next((line for begin, end, line in code.co_lines() if begin <= offset < end), None)


def _on_return(code: CodeType, _offset: int, answer: object) -> None:
    if watcher := _wanted(code):
        watcher.left(sys._getframe(1), pauses=False)
        return
    watcher = _watchers.get(get_ident())
    if watcher is not None and not watcher.cut and watcher.is_asked(code):
        frame = sys._getframe(1)
        if frame.f_back and watcher.wants(frame.f_back.f_code):
            watcher.answered(frame, answer)


def _on_yield(code: CodeType, _offset: int, _value: object) -> None:
    if watcher := _wanted(code):
        watcher.left(sys._getframe(1), pauses=True)


def _on_unwind(code: CodeType, _offset: int, _exception: BaseException) -> None:
    if watcher := _wanted(code):
        watcher.left(sys._getframe(1), pauses=False)


def _on_raise(code: CodeType, _offset: int, exception: BaseException) -> None:
    if watcher := _wanted(code):
        frame = sys._getframe(1)
        if isinstance(exception, GeneratorExit):
            frame.f_trace_lines = False
        watcher.raised(frame, type(exception))


def _unregister() -> None:
    """At exit this module's names are taken away, and Python would call into nothing."""
    mon.set_events(_tool, 0)
    for event in vars(mon.events).values():
        if isinstance(event, int) and event.bit_count() == 1:
            mon.register_callback(_tool, event, None)
