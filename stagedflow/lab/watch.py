"""Follows one workflow run without touching it: history by long poll, `describe` while something is open, the ledger.

It never queries: a query would make a new worker replay, and use up the very thing that the panel is there to show.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from stagedflow.history.runs import Event, Run, read_event
from stagedflow.history.waiting import PendingActivity
from stagedflow.lab.facts import Facts
from stagedflow.lab.health import Health
from stagedflow.lab.rpc import RPC_TIMEOUT, describe, server_trouble
from stagedflow.ledger.live_trace import LiveTrace
from stagedflow.ledger.pulse import Pulse
from stagedflow.ledger.reader import Ledger
from stagedflow.replay.trace import WorkerLife

POLL_SECONDS = 0.05
DESCRIBE_SECONDS = 1.0
SETTLE_SECONDS = 2.0
LONG_POLL = timedelta(seconds=60)

Clock = Callable[[], Awaitable[datetime]]


@dataclass(frozen=True)
class FactSources:
    """Who can tell of a run.

    Attributes:
        client: Asks the server.
        ledger: What the workers wrote.
        pulse: Tells when there is something new in the ledger.
        health: Tells when the server is silent.
        clock: The server's clock, where it is not this computer's (time skipping); else None.
        closed: True once nobody is there any more to be asked.
        ended: Process id -> how and when (seconds since the epoch) a worker has ended: the ledger may not have it yet.
        unwritten: Why the ledger may lack what this process has to write, in words, or "".
    """

    client: Client
    ledger: Ledger
    pulse: Pulse
    health: Health
    clock: Clock | None
    closed: Callable[[], bool]
    ended: Callable[[], Mapping[int, tuple[str, float]]] = dict
    unwritten: Callable[[], str] = str


class RunWatch:
    """Keeps the facts of one run up to date, on the lab's loop.

    Args:
        sources: Whom to ask.
        handle: The workflow; the run that it names, or the latest one.
        on_change: Called (on the lab's loop) after each change.
    """

    def __init__(self, sources: FactSources, handle: WorkflowHandle[Any, Any], on_change: Callable[[], None]) -> None:
        self._sources = sources
        self._asked = handle
        self._tell = on_change
        self._news = asyncio.Event()
        self._events: list[Event] = []
        self._run = Run(())
        self._trace = LiveTrace(sources.ledger)
        self._pending: tuple[PendingActivity, ...] = ()
        self._trouble = ""
        self._clock_ahead = 0.0 if sources.clock else None
        self._tasks: list[asyncio.Task[None]] = []
        self._run_id = handle.result_run_id or handle.run_id or ""
        self._describe_now = asyncio.Event()
        self._leave: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Find the run and begin to follow it.

        Raises:
            LabError: The server has no such workflow, or does not answer.
        """
        description = await describe(self._sources.client, self._asked.id, self._run_id or None)
        self._run_id = description.run_id
        self._handle = self._sources.client.get_workflow_handle(self._asked.id, run_id=self._run_id)
        self._leave = self._sources.health.listen(self._on_change)
        follow = (self._follow_history(), self._follow_pending(), self._follow_ledger())
        self._tasks = [asyncio.create_task(f) for f in follow]
        for task in self._tasks:
            task.add_done_callback(self._look_at_end)

    async def close(self) -> None:
        """Stop following."""
        self._leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self) -> Facts:
        """The facts once history is read to its present end and the workers' rows have caught up with it."""
        with contextlib.suppress(TimeoutError, RPCError):
            async with asyncio.timeout(SETTLE_SECONDS):
                length = (await self._handle.describe(rpc_timeout=RPC_TIMEOUT)).history_length
                while len(self._events) < length or self.facts().ledger_lags:
                    self._news.clear()
                    await self._news.wait()
        return self.facts()

    def facts(self) -> Facts:
        """What is known at this moment; the ledger is read anew."""
        ledger = self._sources.ledger
        lives = self._lives()
        return Facts(
            workflow_id=self._asked.id,
            run_id=self._run_id,
            run=self._run,
            pending=self._pending,
            attempts=ledger.attempts(self._run_id),
            lives=lives,
            counts=ledger.activity_counts(self._asked.id, run_id=self._run_id),
            trace=self._trace.now(self._run_id, lives),
            trouble=self._sources.health.trouble or self._trouble,
            clock_ahead=self._clock_ahead,
            unwritten=self._sources.unwritten(),
        )

    def _lives(self) -> tuple[WorkerLife, ...]:
        """The workers that have lived during this run: those that history names, too, if a clock has jumped."""
        named = {task.worker for task in self._run.tasks} | {pending.worker for pending in self._pending}
        begin = self._events[0].at if self._events and self._clock_ahead is None else 0.0
        ended = self._sources.ended()
        known = []
        for life in self._sources.ledger.lives():
            if life.ended is None and life.pid in ended:
                how, at = ended[life.pid]
                life = replace(life, ended=at, how=how)
            known.append(life)
        return tuple(life for life in known if life.ended is None or life.ended >= begin or life.identity in named)

    def _look_at_end(self, task: asyncio.Task[None]) -> None:
        """Nobody awaits what follows the run, so its surprises are told here."""
        error = None if task.cancelled() else task.exception()
        if error and not self._sources.closed():
            self._trouble = f"following the run failed with {type(error).__name__}: {error}"
            self._on_change()

    def _on_change(self) -> None:
        self._news.set()
        self._tell()

    async def _follow_history(self) -> None:
        clock = self._sources.clock
        while True:
            try:
                async for event in self._polled_events(clock) if clock else self._new_events():
                    if event.event_id > len(self._events):
                        self._events.append(read_event(event))
                        self._trace.add(event)
                        self._run = Run(tuple(self._events))
                        self._describe_now.set()
                        self._on_change()
                self._leave()  # the run has ended: nothing more is asked of the server
                return
            except RPCError as error:
                self._trouble = server_trouble(error)
                self._on_change()
                await asyncio.sleep(1)

    async def _new_events(self) -> AsyncIterator[Any]:
        """All events from the first, then each as it comes; ends with the run."""
        token: bytes | None = None
        while token != b"":
            page = self._handle.fetch_history_events(wait_new_event=True, next_page_token=token, rpc_timeout=LONG_POLL)
            with contextlib.suppress(TimeoutError):
                try:
                    await page.fetch_next_page()
                except RPCError as error:
                    if error.status not in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
                        raise
                    continue
            self._answered()
            for event in page.current_page or ():
                if event.task_id:  # none: the retry of a workflow task, shown ahead; the id may become another event's
                    yield event
            token = page.next_page_token or b""

    async def _polled_events(self, clock: Clock) -> AsyncIterator[Any]:
        """The same from the time-skipping server, whose long poll tells of the end only. It gives no event a task."""
        while not self._run.closed:
            self._clock_ahead = (await clock()).timestamp() - time.time()  # first: events are told by this clock
            async for event in self._handle.fetch_history_events(rpc_timeout=RPC_TIMEOUT):
                yield event
            self._answered()
            await asyncio.sleep(POLL_SECONDS)

    def _answered(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._on_change()

    async def _follow_pending(self) -> None:
        while not self._run.closed:
            await self._describe_now.wait()
            self._describe_now.clear()
            while self._run.open_activities:
                try:
                    description = await self._handle.describe(rpc_timeout=RPC_TIMEOUT)
                except RPCError:
                    await asyncio.sleep(DESCRIBE_SECONDS)  # the long poll tells of it; the next answer may be better
                    continue
                asked = {a.activity_id: a.start_to_close for a in self._run.activities}
                pending = tuple(_pending(p, asked) for p in description.raw_description.pending_activities)
                if pending != self._pending:
                    self._pending = pending
                    self._on_change()
                await asyncio.sleep(DESCRIBE_SECONDS)
            if self._pending:
                self._pending = ()
                self._on_change()

    async def _follow_ledger(self) -> None:
        seen = -1
        while True:
            seen = await self._sources.pulse.after(seen)
            self._on_change()


def _pending(raw: Any, asked: dict[str, float]) -> PendingActivity:
    """What `describe` says of an activity; `asked` are history's timeouts, for a server that describes none."""
    state = {1: "scheduled", 2: "started", 3: "cancel requested"}.get(raw.state, "unknown")
    time_field = "last_started_time" if state != "scheduled" else "scheduled_time"
    if state == "scheduled" and raw.HasField("next_attempt_schedule_time"):
        time_field = "next_attempt_schedule_time"
    since = getattr(raw, time_field)
    timeout = raw.activity_options.start_to_close_timeout.ToMilliseconds() / 1000
    return PendingActivity(
        activity_id=raw.activity_id,
        type=raw.activity_type.name,
        state=state,
        attempt=raw.attempt,
        since=since.seconds + since.nanos / 1e9 if raw.HasField(time_field) else None,
        start_to_close=timeout or asked.get(raw.activity_id, 0.0),
        worker=raw.last_worker_identity,
        failure=raw.last_failure.message,
    )
