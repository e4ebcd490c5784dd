"""A panel that draws a long run anew with each event: its facts, its parts and its widgets, all but the browser."""

import asyncio
import json
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from stagedflow import StagePanel, record_replay
from stagedflow.background import lab_loop
from stagedflow.history.runs import Run, read_event
from stagedflow.lab.watch import FactSources, RunWatch
from stagedflow.ledger.pulse import Pulse
from stagedflow.ledger.reader import Ledger, connect
from stagedflow.replay.trace import ReplayTrace
from tests.benchmarks.long_history import EVENTS_A_ROUND, LongHaul, long_history

EVENTS = 5_000
ROUNDS = 3
"""So many rounds of the workflow come event by event."""
GOAL = 50
PID = 77


class _Server:
    """A client, a handle and a page of history in one: it tells what it was given, event by event."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events
        self.told = 0
        self.next_page_token = b"more"
        self.current_page: list[Any] = []
        self.more = asyncio.Event()
        self.id, self.run_id, self.result_run_id, self.history_length = "w", "r", "r", len(events)
        self.raw_description = SimpleNamespace(pending_activities=())

    def get_workflow_handle(self, *_: Any, **__: Any) -> "_Server":
        return self

    def fetch_history_events(self, **_: Any) -> "_Server":
        return self

    async def describe(self, **_: Any) -> "_Server":
        return self

    async def fetch_next_page(self) -> None:
        while self.told == len(self.events):
            self.more.clear()
            await self.more.wait()
        self.current_page = self.events[self.told :]
        self.told = len(self.events)

    def tell(self, event: Any) -> None:
        self.events.append(event)
        self.more.set()


class _Timed(StagePanel):
    """Takes the time of each area, and knows the event that was drawn last."""

    def __init__(self, *args: Any) -> None:
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.drawn = threading.Condition()
        self.event = 0
        super().__init__(*args)

    def _draw(self) -> None:
        began = time.perf_counter()
        super()._draw()
        self.taken["draw"].append(time.perf_counter() - began)
        with self.drawn:
            self.event = len(self._facts.run.events)
            self.drawn.notify_all()

    def wait_for(self, event: int) -> None:
        with self.drawn:
            self.drawn.wait_for(lambda: self.event >= event)

    def _show(self, area: str, draw: Callable[[], str]) -> None:
        began = time.perf_counter()
        super()._show(area, draw)
        self.taken[area].append(time.perf_counter() - began)


def _write(ledger: Ledger, events: list[Any], trace: ReplayTrace) -> None:
    """The rows that one worker had written by the time of the last event."""
    run = Run(tuple(read_event(event) for event in events))
    known = {event.id: event.at for event in run.events}
    with closing(connect(ledger.path)) as db, db:
        db.execute("INSERT INTO lives(name, pid, started, records) VALUES('A', ?, ?, 1)", (PID, run.events[0].at - 1))
        for a in run.activities:
            if a.started and a.closed:
                row = ("w", "r", a.activity_id, a.type, 1, PID, a.started.at + 0.001, a.closed.at - 0.001, "completed")
                db.execute(
                    "INSERT INTO activities(workflow_id, run_id, activity_id, activity_type, attempt, pid, started, "
                    "finished, outcome) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", row,
                )  # fmt: skip
        for step in trace.steps:
            if step.event_ids[-1] in known:
                step = replace(step, is_replaying=False, worker=PID, at=known[step.event_ids[-1]] + 0.001)
                db.execute(
                    "INSERT INTO activations(workflow_id, run_id, workflow_type, file, pid, step) "
                    "VALUES('w', 'r', 'LongHaul', ?, ?, ?)", (trace.file, PID, json.dumps(asdict(step))),
                )  # fmt: skip
        for file, text in trace.sources.items():
            db.execute("INSERT INTO texts VALUES(?, ?)", (file, text))
            db.execute("INSERT INTO sources(run_id, pid, file, hash) VALUES('r', ?, ?, ?)", (PID, file, file))


@asynccontextmanager
async def _panel(server: _Server, ledger: Ledger) -> AsyncIterator[_Timed]:
    health = SimpleNamespace(trouble="", listen=lambda _: lambda: None)
    sources = FactSources(server, ledger, Pulse(ledger), health, None, lambda: False)  # type: ignore[arg-type]
    lab = SimpleNamespace(
        fact_sources=sources, closed=False, workers={}, worker=None, web_ui="", next_worker_name=lambda: "B",
        listen=lambda _: lambda: None,
    )  # fmt: skip
    panel = _Timed(lab, server)
    facts_of = RunWatch.facts

    def facts(watch: RunWatch) -> Any:
        began = time.perf_counter()
        found = facts_of(watch)
        panel.taken["facts"].append(time.perf_counter() - began)
        return found

    with patch.object(RunWatch, "facts", facts):
        yield panel
    panel.close()


async def measure() -> None:
    """Measure and print."""
    history = long_history(EVENTS)
    events = list(history.events)[:-1]
    trace = await record_replay(history, workflows=[LongHaul])
    first, later = events[: -ROUNDS * EVENTS_A_ROUND], events[-ROUNDS * EVENTS_A_ROUND :]
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder, "ledger.sqlite"))
        _write(ledger, first, trace)
        server = _Server(first)
        async with _panel(server, ledger) as panel:
            await asyncio.to_thread(panel.wait_for, first[-1].event_id)
            at_first = {part: max(times) for part, times in panel.taken.items()}
            panel.taken.clear()
            for event in later:
                lab_loop().call_soon_threadsafe(server.tell, event)
                await asyncio.to_thread(panel.wait_for, event.event_id)
    again = {part: statistics.median(times) for part, times in panel.taken.items()}
    for part in sorted(again, key=lambda part: -again[part]):
        if part in ("facts", "draw") or again[part] > 0.001:
            print(f"{part:<9} first {at_first[part] * 1000:6.1f} ms, with one more event {again[part] * 1000:6.1f} ms")
    print(
        f"a panel of {EVENTS:,} events: first {(at_first['facts'] + at_first['draw']) * 1000:.0f} ms, redraw "
        f"{(again['facts'] + again['draw']) * 1000:.0f} ms    (goal: under {GOAL} ms)",
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(measure())
