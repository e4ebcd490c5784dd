"""An executor whose threads never keep the interpreter alive: workflow code may refuse to end."""

import contextvars
import ctypes
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

TAKE_BACK_SECONDS = 0.2
"""How long busy threads are given to notice that they are to be parked: those that run Python code need some 5 ms."""


class DaemonThreads(ThreadPoolExecutor):
    """Runs each call in an idle daemon thread, or in a new one, in the caller's context.

    Python's own executor joins its threads at exit, so that one workflow that never yields would keep the kernel alive.
    It is a `ThreadPoolExecutor` in name only, as the SDK's `workflow_task_executor` asks for one.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = self._started = 0
        self._busy: set[int] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Implements `Executor.submit`."""
        future: Future[Any] = Future()
        context = contextvars.copy_context()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = context.run(fn, *args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                self._started += 1
                threading.Thread(target=self._work, name="stagedflow-replay", daemon=True).start()
        self._calls.put(call)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Implements `Executor.shutdown`, but waits for nobody. Nothing may be submitted after it."""
        for _ in range(self._started):
            self._calls.put(None)

    def park(self) -> None:
        """Put the threads that are busy to sleep for good, at the next step of their Python code.

        They would not end otherwise, and take the interpreter's time from all others.
        """
        for ident in set(self._busy):
            _raise_in(ident, _Parked)
        threading.Thread(target=_take_back_the_signal, daemon=True).start()

    def _work(self) -> None:
        me = threading.get_ident()
        while call := self._calls.get():
            self._busy.add(me)
            call()
            self._busy.discard(me)
            del call  # else it would hold its result while it waits for the next
            with self._lock:
                self._idle += 1


class _Parked(BaseException):
    """Never reaches the code that would swallow it: Python makes it in the thread that it is raised in."""

    def __init__(self) -> None:
        threading.Event().wait()


class _Arrived(BaseException):
    pass


def _take_back_the_signal() -> None:
    """Let no other thread be asked again and again whether the exception was meant for it.

    A thread that is blocked in C takes no exception. Until it does, Python 3.11 interrupts every thread at every call,
    and one that is traced comes no further at all (as of 3.11.7, `RESUME` in ceval.c). An exception that does arrive,
    in any thread, ends that.
    """
    time.sleep(TAKE_BACK_SECONDS)
    try:
        _raise_in(threading.get_ident(), _Arrived)
        while True:
            pass
    except _Arrived:
        pass


def _raise_in(ident: int, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(error))
