"""Two traces in step: what is a pair, what differs, and how it is told."""

from dataclasses import replace

from stagedflow.replay.compare import Comparison, compare
from stagedflow.replay.trace import Command, Job, ReplayStep
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
