"""What a failing replay would print into the cell: kept for its trace instead. Nobody else's output is touched."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from stagedflow.replay import _sdk

T = TypeVar("T")

_keeper: ContextVar["list[logging.LogRecord] | None"] = ContextVar("stagedflow_replay", default=None)


def quiet_task(coroutine: Coroutine[Any, Any, T]) -> "tuple[asyncio.Task[T], list[logging.LogRecord]]":
    """Run a coroutine as a task; what the SDK's worker logs in it is kept, instead of being passed on.

    Other tasks and threads log as ever: whose record it is is told by the context, which a task hands to those that it
    starts.

    Returns:
        The task, and the list to which its records are added.
    """
    kept: list[logging.LogRecord] = []

    def keep(record: logging.LogRecord) -> bool:
        if _keeper.get() is not kept:
            return True
        kept.append(record)
        return False

    loggers = [logging.getLogger(name) for name in _sdk.LOGGERS]
    token = _keeper.set(kept)
    try:
        task = asyncio.get_running_loop().create_task(coroutine)
    finally:
        _keeper.reset(token)
    for logger in loggers:
        logger.addFilter(keep)
        task.add_done_callback(lambda _, logger=logger: logger.removeFilter(keep))  # type: ignore[misc]
    return task, kept
