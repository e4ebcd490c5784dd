"""Does the server answer? Asked once for everybody who follows one of its workflows."""

import asyncio
import contextlib
from collections.abc import Callable

from temporalio.client import Client

from stagedflow.lab import rpc

ASK_SECONDS = 2.0
"""How often it is asked."""
PATIENCE_SECONDS = 3.0
"""A server that does not answer for so long is said to be silent."""


class Health:
    """Tells within seconds that a server is silent or has ended, which an open long poll takes a minute to notice.

    It asks only while somebody listens. All on one event loop.

    Args:
        client: Connected to the server.
        lives: False once the server's own process has ended, whoever answers in its place.
    """

    def __init__(self, client: Client, lives: Callable[[], bool]) -> None:
        self._seen = ""
        self._client = client
        self._lives = lives
        self._listeners: list[Callable[[], None]] = []
        self._asking: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with the server, in words, or ""."""
        return self._seen if self._lives() else rpc.SERVER_ENDED

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when `trouble` changes; returns the way out, which may be called twice."""
        self._listeners.append(listener)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())

        def leave() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)
            if not self._listeners and self._asking:
                self._asking.cancel()
                self._asking = None
                self._seen = ""

        return leave

    async def _ask(self) -> None:
        told = ""
        while True:
            answered = await rpc.answers(self._client, patience=PATIENCE_SECONDS)
            self._seen = "" if answered else rpc.NO_ANSWER
            if self.trouble != told:
                told = self.trouble
                for listener in list(self._listeners):
                    listener()
            await asyncio.sleep(ASK_SECONDS)
