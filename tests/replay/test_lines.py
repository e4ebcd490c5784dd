"""The lines of every activation, against the oracle: in a replay of each fixture's recorded history."""

import asyncio

import pytest

from stagedflow.replay.recording.line_tracer import MAX_LINES, LineTracer
from tests.fixtures.cases import CASES
from tests.fixtures.workflows import six_awaitables
from tests.replay.oracle import Mark, difference
from tests.replay.replays import marked, recorded

FILE = six_awaitables.__file__


@pytest.mark.parametrize("name", CASES)
async def test_the_recorded_lines_are_those_that_ran(name: str) -> None:
    activations = await marked(name)
    _, steps = await recorded(name)
    assert len(steps) == len(activations)
    assert steps[0].lines, "later ones may run none: a child that has started is the SDK's matter until it ends"
    for step, activation in zip(steps, activations, strict=True):
        assert step.cut == (len(step.lines) >= MAX_LINES)
        assert difference(step.lines, activation.marks, cut=step.cut) is None, f"step {step.reason}"


def test_a_forgotten_coroutine_that_python_closes_meanwhile_leaves_no_line() -> None:
    """Another workflow's, left unfinished: the garbage collector may close it at any time, in any thread."""

    async def forgotten() -> None:
        await asyncio.sleep(0)

    waiting = forgotten()
    waiting.send(None)
    tracer = LineTracer(__file__)
    with tracer:
        waiting.close()
    assert tracer.taken == []


def test_the_oracle_sees_each_kind_of_difference() -> None:
    """Lines 19 to 22 and 26 of the file, each a statement; 18 is where their function begins."""
    ran = [Mark(FILE, 20), Mark(FILE, 26), Mark(FILE, 27), Mark(FILE, 26), Mark(FILE, 21)]
    lines = [(mark.file, mark.line) for mark in ran]
    assert difference(lines, ran) is None
    assert difference([*lines[:2], *lines[1:]], ran) is None, "a repeat in a row counts once"
    for place in range(len(lines)):
        assert difference(lines[:place] + lines[place + 1 :], ran), f"the line at {place} is missing"
        assert difference([*lines[:place], (FILE, 22), *lines[place:]], ran), f"a line before {place} did not run"
    assert difference(lines[::-1], ran), "another order"
    assert difference([*lines, (FILE, 22)], ran), "a line more at the end"
    assert difference(lines[:3], ran, cut=True) is None
    assert difference([*lines[:2], (FILE, 22)], ran, cut=True), "cut does not excuse a wrong line"


def test_a_mark_that_is_not_certain_may_be_left_out_and_nothing_else() -> None:
    ran = [Mark(FILE, 20), Mark(FILE, 26), Mark(FILE, 20, certain=False), Mark(FILE, 21)]
    assert difference([(FILE, 20), (FILE, 26), (FILE, 21)], ran) is None
    assert difference([(FILE, 20), (FILE, 26), (FILE, 20), (FILE, 21)], ran) is None
    assert difference([(FILE, 20), (FILE, 21)], ran)


def test_a_line_counts_as_the_statement_that_holds_it() -> None:
    """`OneActivity.run` awaits in a statement of several lines."""
    source = six_awaitables.OneActivity.run.__code__.co_firstlineno + 2
    several = [(FILE, source), (FILE, source + 1), (FILE, source + 4)]
    assert difference(several, [Mark(FILE, source)]) is None
