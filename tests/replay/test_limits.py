"""What is much is told in part, and the recorded workflow does not wait for it."""

import pytest

from stagedflow import ReplayTrace, record_replay
from stagedflow.replay.recording import awaits, by_hook, by_monitoring, line_tracer
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load


async def recorded(name: str) -> ReplayTrace:
    trace = await record_replay(load(name), workflows=[CASES[name].workflow])
    assert trace.failure is None
    return trace


async def test_only_the_beginning_of_a_long_computation_is_traced_and_it_is_said() -> None:
    first, computed, last = (await recorded("computes_long")).steps
    assert [first.cut, computed.cut, last.cut] == [False, True, False]
    assert len(computed.lines) == line_tracer.MAX_LINES
    assert [(c.text, c.line, c.event_id) for c in computed.commands] == [("start timer 0.02 s", None, 10)]
    assert computed.state == {"found": "17711"}
    assert computed.waiting[0].text == "timer 0.02 s"
    assert last.lines, "the next activation is traced again"


async def test_calls_into_libraries_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_monitoring, "available", lambda: False)  # which pays for no call of a library
    monkeypatch.setattr(by_hook, "MAX_CALLS", 10)
    assert all(step.cut for step in (await recorded("one_activity")).steps)


async def test_of_many_coroutines_some_are_told_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaits, "MOST", 5)
    first = (await recorded("fans_out")).steps[0]
    assert [w.task for w in first.waiting if w.line].count("task nap") == 4  # and `run`
    assert "8 more coroutines" in [w.text for w in first.waiting]


async def test_of_many_open_activities_the_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaits, "MANY", 10)
    first = (await recorded("fans_out")).steps[0]
    assert "12 activities and child workflows in all" in [w.text for w in first.waiting]
    assert not [w for w in first.waiting if "×" in w.text]


async def test_activities_alike_are_told_once() -> None:
    first = (await recorded("fans_out")).steps[0]
    assert [w.text for w in first.waiting if w.task == awaits.BACKGROUND] == ["activity pack ×11"]
