"""Is there anything new in the ledger? One look for everybody who follows it."""

import asyncio
import os
from typing import Any

from stagedflow.errors import LabError
from stagedflow.ledger.reader import Ledger

LOOK_SECONDS = 0.05
"""The files are looked at this often: their sizes and times, which costs next to nothing."""
ASK_SECONDS = 1.0
"""SQLite is asked this often: two writes in one tick of the file system's clock may look like one."""


class Pulse:
    """Wakes the followers of a ledger, all on one event loop; looks at it only while somebody waits.

    Args:
        ledger: The ledger.

    Attributes:
        count: How many changes were seen so far.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.count = 0
        self._ledger = ledger
        self._files = [ledger.path, ledger.path.with_name(f"{ledger.path.name}-wal")]
        self._seen: Any = None
        self._version: Any = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._looking: asyncio.Task[None] | None = None

    async def after(self, count: int) -> int:
        """Wait until there is something newer than this `count`, and return the new one."""
        while self.count <= count:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)
        return self.count

    async def _look(self) -> None:
        looks = 0
        while self._waiting or not looks:
            state = [_state(file) for file in self._files]
            if state != self._seen or looks % round(ASK_SECONDS / LOOK_SECONDS) == 0:
                self._seen = state
                version = self._asked()
                if version != self._version:
                    self._version = version
                    self.count += 1
                    for waiting in self._waiting:
                        if not waiting.done():
                            waiting.set_result(None)
            looks += 1
            await asyncio.sleep(LOOK_SECONDS)

    def _asked(self) -> int | str:
        try:
            return self._ledger.version()
        except LabError as gone:  # that is news, too: whoever reads it next is told
            return str(gone)


def _state(file: "os.PathLike[str]") -> tuple[int, int] | None:
    try:
        told = os.stat(file)
    except OSError:
        return None
    return told.st_size, told.st_mtime_ns
