"""Watches code by `sys.monitoring` (PEP 669, Python 3.12): only the wanted code reports, all else is switched off once.

It stands beside a debugger, a profiler and `coverage`, each of which is another tool to Python.
"""

import atexit
import sys
from threading import get_ident
from types import CodeType, FrameType
from typing import Any

from stagedflow.replay.recording.watching import Watcher, is_asked, is_foreign, is_watched

NAME = "stagedflow"
_FREE = (4, 3)
"""The tool ids that Python's documentation leaves to anybody; the others have a purpose by convention."""

_watchers: dict[int, Watcher] = {}
"""Thread -> who watches it: Python reports the code's events from every thread that runs it."""
_tool: int | None = None
_known: set[str] = set()
"""The workflow files watched so far."""
_unheard = 0
"""Events that came while nobody recorded the thread, since all were switched on last."""
FEW = 10_000
"""So many of these cost little. After them each is switched off where it comes, and the next activation switches all on
again: code that computes for long outside what is recorded must run at its own speed, or the SDK would call it a
deadlock."""

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
        global _unheard
        if _unheard > FEW or self._file not in _known:
            _known.add(self._file)
            _unheard = 0
            mon.restart_events()
        _watchers[get_ident()] = watcher

    def end(self) -> bool:
        """Stop; nothing can have ended it before."""
        _watchers.pop(get_ident(), None)
        return True


def _nobodys() -> Any:
    """The answer to an event that nobody records."""
    global _unheard
    _unheard += 1
    # While another thread is recorded, what is switched off here would be missing there.
    return mon.DISABLE if _unheard > FEW and not _watchers else None


def _on_start(code: CodeType, _offset: int) -> Any:
    if is_watched(code) or is_asked(code):
        if watcher := _watchers.get(get_ident()):
            if is_watched(code):
                watcher.watch(sys._getframe(1))
            else:
                mon.set_local_events(_tool, code, mon.events.PY_RETURN)
        return None
    if code.co_filename not in _known and is_foreign(code):
        return mon.DISABLE
    watcher = _wanted(code)
    if watcher is None:
        return _nobodys()
    if not mon.get_local_events(_tool, code):
        events = mon.events
        goes = events.PY_RESUME | events.PY_RETURN | events.PY_YIELD | events.STOP_ITERATION
        mon.set_local_events(_tool, code, goes | events.LINE | events.JUMP)
    _enter(watcher, sys._getframe(1))
    return None


def _wanted(code: CodeType) -> Watcher | None:
    """Who watches this thread, if it wants this code."""
    watcher = _watchers.get(get_ident())
    return watcher if watcher is not None and watcher.wants(code) else None


def _enter(watcher: Watcher, frame: FrameType) -> None:
    frame.f_trace_lines = True
    watcher.entered(frame)


def _on_resume(code: CodeType, _offset: int) -> Any:
    if watcher := _wanted(code):
        return _enter(watcher, sys._getframe(1))
    return _nobodys()


def _on_throw(code: CodeType, _offset: int, _exception: BaseException) -> None:
    if watcher := _wanted(code):
        _enter(watcher, sys._getframe(1))


def _on_line(code: CodeType, _line: int) -> Any:
    if watcher := _wanted(code):
        return _line_of(watcher, sys._getframe(1))
    return _nobodys()


def _line_of(watcher: Watcher, frame: FrameType) -> None:
    if frame.f_trace_lines:
        watcher.line(frame)
        if watcher.cut:
            _watchers.pop(get_ident())


def _on_jump(code: CodeType, start: int, target: int) -> Any:
    """A jump back within one line is that line again; every other one is told by the line that it comes to."""
    if target > start or _line_at(code, target) != _line_at(code, start):
        return mon.DISABLE
    if watcher := _wanted(code):
        return _line_of(watcher, sys._getframe(1))
    return _nobodys()


def _line_at(code: CodeType, offset: int) -> int | None:
    return next((line for begin, end, line in code.co_lines() if begin <= offset < end), None)


def _on_return(code: CodeType, _offset: int, answer: object) -> Any:
    if watcher := _wanted(code):
        return watcher.left(sys._getframe(1), pauses=False)
    if not is_asked(code):
        return _nobodys()
    frame = sys._getframe(1)
    if frame.f_back and (watcher := _wanted(frame.f_back.f_code)):
        watcher.answered(frame, answer)
    return None


def _on_yield(code: CodeType, _offset: int, _value: object) -> Any:
    if watcher := _wanted(code):
        return watcher.left(sys._getframe(1), pauses=True)
    return _nobodys()


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
