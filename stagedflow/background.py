"""What a process has one of: the lab's own event loop, in a background thread, and the runtime of Temporal's SDK."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, ParamSpec, TypeVar

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

T = TypeVar("T")
P = ParamSpec("P")

_start = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def lab_loop() -> asyncio.AbstractEventLoop:
    """The loop, started on first use: a cell that blocks the kernel stops nothing in it."""
    global _loop
    with _start:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="stagedflow", daemon=True).start()
        return _loop


def submit(coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
    """Run a coroutine on the lab's loop, from any thread."""
    return asyncio.run_coroutine_threadsafe(coroutine, lab_loop())


def on_lab_loop(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a coroutine function awaitable from any event loop: its work runs on the lab's."""

    @functools.wraps(function)
    async def anywhere(*args: P.args, **kwargs: P.kwargs) -> T:
        coroutine = function(*args, **kwargs)
        if asyncio.get_running_loop() is lab_loop():
            return await coroutine
        return await asyncio.wrap_future(submit(coroutine))

    return anywhere


@cache
def quiet_runtime() -> Runtime:
    """A runtime whose core prints no warnings: it writes them past every Python logger, into whatever cell runs."""
    quiet = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=quiet)))
