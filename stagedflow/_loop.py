"""The lab's own event loop, in a background thread: a cell that blocks the kernel stops nothing here."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

_start = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def lab_loop() -> asyncio.AbstractEventLoop:
    """The loop, started on first use; one for the whole process."""
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
