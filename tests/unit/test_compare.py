"""Two traces in step: what is a pair, what differs, and how it is told."""

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from stagedflow.errors import LabError
from stagedflow.replay.compare import Comparison, compare
from stagedflow.replay.trace import Command, Job, ReplayStep, ReplayTrace, Waiting
from stagedflow.widgets.viewer.viewer import ReplayViewer
from tests.viewer_traces import FILE, FLASH, SOURCE, STEPS, parted, recovered, replayed


def rows(comparison: Comparison) -> list[tuple[int | None, int | None, tuple[str, ...]]]:
    return [(p.a.index if p.a else None, p.b.index if p.b else None, p.differs) for p in comparison.pairs]


def test_equal_traces_have_no_difference() -> None:
    found = compare(replayed(), replayed())
    assert rows(found) == [(n, n, ()) for n in range(4)]
    assert found.first_difference is None
    assert found.text == "The first trace has 4 steps, the second trace 4 steps. All of them do the same."


def test_a_replay_that_parts_differs_where_it_parts_and_then_has_no_steps() -> None:
    found = compare(replayed(), parted(), names=("as deployed", "edited"))
    assert rows(found) == [
        (0, 0, ()),
        (1, 1, ()),
        (2, 2, ("lines", "commands", "waiting", "failure")),
        (3, None, ("alone",)),
    ]
    assert found.first_difference == 2
    assert "They differ first at step 3 of as deployed and step 3 of edited (events 10–13)." in found.text
    assert "asked to schedule activity flash" in found.pairs[2].text
    assert "ran line 17 (await workflow.sleep(60))" in found.pairs[2].text
    assert "The replay of edited ends there: At event 15 history has the activity flash" in found.text
    assert found.text.endswith("Line 17: await workflow.sleep(60)")


def test_lines_that_an_edit_only_moved_are_no_difference() -> None:
    def moved(step: ReplayStep) -> ReplayStep:
        return replace(
            step,
            lines=tuple((file, line + 2) for file, line in step.lines),
            waiting=tuple(replace(w, line=(w.line or 0) + 2, text=w.text.replace(":16", ":18")) for w in step.waiting),
        )

    edited = replayed(*map(moved, STEPS), sources={FILE: "# one\n# two\n" + SOURCE})
    assert compare(replayed(), edited).first_difference is None


def test_two_classes_of_one_file_are_compared_by_the_text_of_their_lines() -> None:
    edited = SOURCE[SOURCE.index("@workflow.defn") :]
    both = SOURCE + edited
    down = both.rindex("@workflow.defn") - both.index("@workflow.defn")
    lines = both[: both.index("@workflow.defn") + down].count("\n") - both[: both.index("@workflow.defn")].count("\n")
    copy = [
        replace(
            step,
            lines=tuple((file, line + lines) for file, line in step.lines),
            waiting=tuple(replace(w, line=(w.line or 0) + lines) for w in step.waiting),
        )
        for step in STEPS
    ]
    assert compare(replayed(sources={FILE: both}), replayed(*copy, sources={FILE: both})).first_difference is None


def test_the_same_code_is_compared_by_line_numbers() -> None:
    source = "pass\n" * 30
    other = replace(STEPS[0], lines=(*STEPS[0].lines[:-1], (FILE, FLASH)))
    found = compare(replayed(STEPS[0], sources={FILE: source}), replayed(other, sources={FILE: source}))
    assert found.pairs[0].differs == ("lines",)


def test_a_state_that_differs_is_told_with_both_values() -> None:
    other = replace(STEPS[2], state={"log": "[]", "stage": "7"})
    found = compare(replayed(), replayed(*STEPS[:2], other, STEPS[3]))
    assert found.pairs[2].differs == ("state",)
    assert found.pairs[2].text == "the first trace has stage = 1; the second trace has stage = 7."


def test_commands_that_differ_are_listed_and_bounded() -> None:
    many = tuple(Command("x", f"start timer {n} s") for n in range(5))
    found = compare(replayed(), replayed(replace(STEPS[0], commands=many), *STEPS[1:]))
    assert "asked to start timer 0 s, start timer 1 s, start timer 2 s and 2 more" in found.pairs[0].text


def test_a_query_step_stands_alone_beside_a_trace_that_was_not_queried() -> None:
    query = ReplayStep(0, False, jobs=(Job("query_workflow", "query stage"),), query=True)
    found = compare(replayed(), replayed(*STEPS[:2], query, *STEPS[2:]))
    assert rows(found) == [(0, 0, ()), (1, 1, ()), (None, 2, ("alone",)), (2, 3, ()), (3, 4, ())]
    assert found.pairs[2].text == "only the second trace has it."


def test_queries_are_pairs_of_those_at_the_same_place() -> None:
    query = ReplayStep(0, False, jobs=(Job("query_workflow", "query stage"),), query=True)
    a = replayed(STEPS[0], query, query, STEPS[1], query)
    b = replayed(STEPS[0], query, STEPS[1], query, query)
    assert [row[:2] for row in rows(compare(a, b))] == [(0, 0), (1, 1), (2, None), (3, 2), (4, 3), (None, 4)]


def calls_of(work: Callable[[], object]) -> int:
    """How many calls it takes, those of functions written in C included: a measure of work that no load disturbs."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def queried(count: int) -> ReplayTrace:
    """One task, and then queries alone."""
    query = ReplayStep(0, False, jobs=(Job("query_workflow", "query stage"),), query=True)
    return replayed(STEPS[0], *[query] * count)


def queried_between(count: int) -> ReplayTrace:
    """A query after each of many tasks."""
    steps = (ReplayStep(0, False, (n,), (Job("fire_timer", "timer"),)) for n in range(1, count))
    query = ReplayStep(0, False, jobs=(Job("query_workflow", "query stage"),), query=True)
    return replayed(*(part for step in steps for part in (step, query)))


def without_queries(trace: ReplayTrace) -> ReplayTrace:
    return replayed(*(step for step in trace.steps if not step.query))


@pytest.mark.parametrize("other", [lambda trace: trace, without_queries], ids=["itself", "without queries"])
@pytest.mark.parametrize("made", [queried, queried_between], ids=["queries alone", "queries between"])
def test_four_times_the_queries_take_some_four_times_the_work(
    made: Callable[[int], ReplayTrace], other: Callable[[ReplayTrace], ReplayTrace]
) -> None:
    few, many = made(1_000), made(4_000)
    less = calls_of(lambda: compare(few, other(few)))
    assert calls_of(lambda: compare(many, other(many))) < 6 * less


def ran(count: int, *, cut: bool = False) -> ReplayTrace:
    return replayed(replace(STEPS[0], lines=((FILE, FLASH),) * count, cut=cut))


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (ran(5, cut=True), ran(5, cut=True), ""),
        (ran(5, cut=True), ran(7, cut=True), ""),  # nobody knows what the first ran after these
        (ran(5, cut=True), ran(7), ""),
        (ran(5, cut=True), ran(5), "the first trace ran further lines, which are not kept; "),
        (ran(5, cut=True), ran(3), 'the first trace ran line 17 (await workflow.execute_activity("flash")); '),
    ],
)  # fmt: skip
def test_of_a_step_that_was_cut_only_the_lines_kept_are_compared(a: ReplayTrace, b: ReplayTrace, told: str) -> None:
    (pair,) = compare(a, b).pairs
    assert pair.differs == (("lines",) if told else ())
    assert pair.text == (f"{told}the second trace ran no further line." if told else "")


def test_a_replay_is_laid_beside_what_the_workers_did() -> None:
    found = compare(recovered(), replayed())
    assert [(p.a is None, p.b is None) for p in found.pairs].count((False, False)) == 4
    assert all(p.differs in ((), ("alone",)) for p in found.pairs)
    assert len(found.pairs) == 7


def test_traces_without_steps_compare_too() -> None:
    empty = replace(replayed(), steps=())
    assert compare(empty, empty).first_difference is None
    assert compare(empty, replayed()).first_difference == 0


def test_its_repr_says_where_it_differs() -> None:
    assert repr(compare(replayed(), parted())) == "Comparison(4 pairs, first difference at pair 2)"
    assert repr(compare(replayed(), replayed())) == "Comparison(4 pairs, no difference)"


def test_a_wait_that_an_edit_only_moved_is_no_difference() -> None:
    def at(line: int) -> ReplayTrace:
        words = f"gate 1: wait_condition at shop{line}.py:{line}, for at most 1 hour"
        moved = tuple(replace(s, waiting=(Waiting("condition", words, line),), lines=()) for s in STEPS)
        return replace(replayed(), steps=moved)

    assert compare(at(51), at(52)).first_difference is None


@pytest.mark.parametrize(("given", "words"), [("history.json", "not a str"), (None, "not a NoneType")])
def test_what_is_no_trace_is_refused_in_words(given: object, words: str) -> None:
    with pytest.raises(LabError, match=words):
        compare(replayed(), given)  # type: ignore[arg-type]
    with pytest.raises(LabError, match="ReplayViewer` shows a trace"):
        ReplayViewer(given)  # type: ignore[arg-type]


def test_a_step_that_gave_no_command_is_told_so() -> None:
    silent = replace(replayed(), steps=tuple(replace(s, commands=()) for s in STEPS))
    assert "gave no command" in compare(replayed(), silent).text
