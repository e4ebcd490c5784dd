"""The trace of a run that goes on, against the one made of all that is known at that moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from stagedflow.ledger.live_trace import LiveTrace
from stagedflow.ledger.reader import Ledger
from stagedflow.ledger.writer import LedgerWriter
from stagedflow.replay.events import read_events
from stagedflow.replay.matching import match
from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.viewer.data import Encoder, encode
from tests.benchmarks.long_history import LongHaul, long_history
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.unit.shown import shown

NAMES = ("activity_retried", "activity_cancelled_try", "async_signal", "local_activity_cancelled", "wait_for_the_first")


@pytest.mark.parametrize("name", [*NAMES, "long"])
async def test_the_trace_and_what_the_viewer_gets_are_at_each_event_as_from_scratch(tmp_path: Path, name: str) -> None:
    history, workflow = (long_history(90), LongHaul) if name == "long" else (load(name), CASES[name].workflow)
    waiting = list((await record_replay(history, workflows=[workflow])).steps)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    live, encoder = LiveTrace(ledger), Encoder()
    steps, events = [], []
    writer = LedgerWriter(ledger.path, pid=7)
    for event in history.events:
        events.append(event)
        live.add(event)
        while waiting and max(waiting[0].event_ids, default=0) <= event.event_id:
            steps.append(replace(waiting.pop(0), worker=7, at=event.event_id / 10, index=0, changed=()))
            writer.activation("w", "r", "flow.py", "W", steps[-1])
            writer.activity_started("w", "r", "1", "flash", 1).result(60)  # the row before it is on disk, too
        now = live.now("r", ())
        known = {"workflow_type": "W", "file": "flow.py"} if steps else {}
        assert now == ReplayTrace.of(match(steps, events), events=read_events(events), **known)
        assert live.now("r", ()) is now
        assert shown(encoder.encode(now)) == shown(encode(now))
    writer.close()
    assert len(now.steps) > 1


async def test_a_viewer_that_is_given_another_trace_shows_nothing_of_the_one_before() -> None:
    encoder = Encoder()
    for name in ("activity_retried", "async_signal", "activity_retried"):
        trace = await record_replay(load(name), workflows=[CASES[name].workflow])
        assert encoder.encode(trace) == encode(trace)
    edited = replace(trace, steps=(replace(trace.steps[0], lines=(("other.py", 3),)), *trace.steps[1:]))
    assert encoder.encode(edited) == encode(edited)
    assert encoder.encode(replace(edited, steps=edited.steps[:1])) == encode(replace(edited, steps=edited.steps[:1]))
