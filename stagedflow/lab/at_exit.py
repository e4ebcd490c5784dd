"""What is still open when the kernel ends in order; one that does not end so is what the owner lock is for."""

import atexit
import sys
import time
from collections.abc import Coroutine
from functools import cache
from typing import Any, Protocol

from stagedflow.background import submit


class Closable(Protocol):
    """Something with a coroutine that closes it."""

    def close(self) -> Coroutine[Any, Any, None]:
        """Close it."""


_open: set[Closable] = set()


@cache
def prepare() -> None:
    """Once before Temporal's SDK is first used: see to an exit in order."""
    atexit.register(_close_all)


def close(thing: Closable) -> None:
    """Close this when the kernel ends, unless it is forgotten before."""
    _open.add(thing)


def forget(thing: Closable) -> None:
    """There is nothing left to close."""
    _open.discard(thing)


def _close_all() -> None:
    for closing in [submit(thing.close()) for thing in list(_open)]:
        try:
            closing.result(3)
        except Exception as error:  # the watchers end what is left
            print(f"stagedflow: the lab did not close in order: {error!r}", file=sys.stderr)
    # The interpreter aborts at exit when the SDK's threads are still settling (temporalio/sdk-python issue 300).
    time.sleep(0.05)
