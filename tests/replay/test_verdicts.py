"""Recording changes nothing: Temporal's Replayer comes to the same end with the recorder and without it."""

import re

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from stagedflow.replay.saved.replayer import record_replay
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import in_older_spelling, load, text_of, with_large_input
from tests.replay.replays import bare, recorded, trace_of

FAILURES = {"fits": type(None), "nondeterminism": NondeterminismError, "raised": RuntimeError, "deadlock": RuntimeError}


@pytest.mark.parametrize("name", CASES)
async def test_the_replay_ends_as_it_does_without_the_recorder(name: str) -> None:
    expected = await bare(name)
    found, _ = await recorded(name)
    assert (type(found), message(found)) == (type(expected), message(expected))


def message(failure: Exception | None) -> str:
    """Without the stack trace: the recorder's own frames are in it, and a loop is stopped anywhere."""
    return re.sub(r'stack_trace: "(?:[^"\\]|\\.)*"', "", str(failure))


@pytest.mark.parametrize("name", CASES)
async def test_the_replay_ends_as_the_fixture_is_meant_to(name: str) -> None:
    verdict = CASES[name].verdict
    assert type(await bare(name)) is FAILURES[verdict]
    failure = (await trace_of(name)).failure
    assert (failure.kind if failure else "fits") == verdict


@pytest.mark.parametrize("name", CASES)
async def test_the_trace_holds_what_was_recorded(name: str) -> None:
    """Step by step; where code and history part, it may leave out what was run beyond."""
    _, steps = await recorded(name)
    trace = await trace_of(name)
    assert len(trace.steps) == len(steps) if trace.failure is None else 0 < len(trace.steps) <= len(steps)
    if CASES[name].verdict != "deadlock":  # how far a loop comes in two seconds is another each time
        assert [s.lines for s in trace.steps] == [s.lines for s in steps[: len(trace.steps)]]
    assert [s.waiting for s in trace.steps] == [s.waiting for s in steps[: len(trace.steps)]]
    assert [s.event_ids for s in trace.steps] == [s.event_ids for s in steps[: len(trace.steps)]]


@pytest.mark.parametrize("name", ["updates", "child_in_two_steps", "fails", "cancel_another", "patched", "order"])
async def test_a_history_in_the_older_spelling_gives_the_same_trace(name: str) -> None:
    older = in_older_spelling(text_of(name))
    assert '"EVENT_TYPE_' not in older and '"eventType": "WorkflowExecutionStarted"' in older
    assert WorkflowHistory.from_json(name, older).events == load(name).events
    trace = await record_replay(older, workflows=[CASES[name].workflow])
    assert trace.to_json() == (await trace_of(name)).to_json()


async def test_a_payload_of_a_megabyte_is_replayed_and_kept_short() -> None:
    history = with_large_input(text_of("hostile_payloads"))
    trace = await record_replay(history, workflows=[CASES["hostile_payloads"].workflow])
    assert trace.failure is None
    assert len(trace.steps) == 3
    assert len(trace.to_json()) < 100_000
