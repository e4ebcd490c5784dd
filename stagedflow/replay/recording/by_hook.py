"""Watches a thread's code by `sys.settrace`: the way of Python 3.11, and where `sys.monitoring` has no place left."""

import dis
import sys
from types import FrameType
from typing import Any

from stagedflow.replay.recording.watching import MAY_PAUSE, Watcher, is_asked, is_watched

MAX_CALLS = 100_000
"""Calls looked at in one activation, those inside libraries included: the hook pays for each of them. After these,
watching ends until the next activation: code that computes for long must not take much longer for being watched, or the
SDK would call it a deadlock."""


class Hook:
    """Python's trace hook, which reports every call of the thread; what is not looked for must cost next to nothing."""

    def __init__(self) -> None:
        self._watcher: Watcher
        self._calls = 0
        self._previous: Any = None

    def begin(self, watcher: Watcher) -> None:
        """Report to this watcher what the thread does from now on."""
        self._watcher, self._calls, self._previous = watcher, 0, sys.gettrace()
        sys.settrace(self._on_call)

    def end(self) -> bool:
        """Put the hook back that was there before; False if ours was lost on the way.

        Python drops a hook in which an exception comes, such as an interrupt of the SDK's.
        """
        lost = sys.gettrace() is None and not self._watcher.cut
        sys.settrace(self._previous)
        return not lost

    def _on_call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        watcher, code = self._watcher, frame.f_code
        self._calls += 1
        if self._calls > MAX_CALLS:
            watcher.cut = True
            return self._stop(frame)
        if watcher.wants(code):
            frame.f_trace_lines = True
            watcher.entered(frame)
            return self._on_line
        if is_watched(code):
            watcher.watch(frame)
        elif is_asked(code) and frame.f_back and watcher.wants(frame.f_back.f_code):
            return self._on_answer
        return None

    def _on_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "exception":
            if arg[0] is GeneratorExit:
                frame.f_trace_lines = False
                self._watcher.raised(frame, arg[0])
                return None
            self._watcher.raised(frame, arg[0])
        elif event == "line":
            self._watcher.line(frame)
            if self._watcher.cut:
                return self._stop(frame)
        elif event == "return":
            self._watcher.left(frame, pauses=_pauses(frame))
        return self._on_line

    def _on_answer(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "exception":
            return self._on_nothing
        if event == "return":
            self._watcher.answered(frame, arg)
        return self._on_answer

    def _on_nothing(self, *_: object) -> Any:
        """After an exception, Python reports a return, of None, that does not happen."""
        return self._on_nothing

    def _stop(self, frame: FrameType | None) -> None:
        """Stop watching for the rest of the activation, in every frame on the stack."""
        sys.settrace(None)
        while frame is not None:
            frame.f_trace = None
            frame = frame.f_back


def _pauses(frame: FrameType) -> bool:
    """True if this frame, which gives control back, will go on later."""
    code = frame.f_code
    if not code.co_flags & MAY_PAUSE:
        return False
    instruction = dis.opname[code.co_code[frame.f_lasti]]
    return "YIELD" in instruction or instruction == "RESUME"  # from Python 3.13 on it stands behind the yield already
