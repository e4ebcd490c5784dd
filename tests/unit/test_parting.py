"""What failed, in plain words: where code and history part, with the event expected and the command made."""

import dataclasses
import random
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.workflow import NondeterminismError

from stagedflow.replay.events import read_events
from stagedflow.replay.saved.failures import failure_of, temporals_words
from stagedflow.replay.saved.parting import parting
from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import Command, Failure, ReplayStep, ReplayTrace
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.unit import further_edits


async def replayed(name: str, on: str | None = None) -> ReplayTrace:
    return await record_replay(load(on or name), workflows=[CASES[name].workflow])


def line_of(trace: ReplayTrace, text: str, after: str) -> int:
    """The number of the first line with `text` in it behind the line with `after`."""
    lines = trace.sources[trace.file].splitlines()
    first = next(n for n, line in enumerate(lines) if after in line)
    return next(n for n, line in enumerate(lines[first:], first + 1) if text in line)


@pytest.mark.parametrize(
    ("name", "event", "command", "made_at", "says"),
    [
        ("order_other_activity", (16, "ACTIVITY_TASK_SCHEDULED"), "schedule activity ship_by_air",
         ("class OtherActivity", "ship_by_air"),
         "At event 16 history has the activity ship (ACTIVITY_TASK_SCHEDULED), but this code scheduled the activity "
         "ship_by_air at line {} of edited.py instead."),
        ("order_extra_timer", (16, "ACTIVITY_TASK_SCHEDULED"), "start timer 0.03 s", ("class ExtraTimer", "0.03"),
         "At event 16 history has the activity ship (ACTIVITY_TASK_SCHEDULED), but this code started a timer of 0.03 s "
         "at line {} of edited.py instead."),
        ("order_timer_removed", (11, "TIMER_STARTED"), "schedule activity ship", ("class TimerRemoved", "ship"),
         "At event 11 history has the timer of 0.02 s (TIMER_STARTED), but this code scheduled the activity ship "
         "at line {} of edited.py instead."),
        ("order_order_changed", (5, "ACTIVITY_TASK_SCHEDULED"), "start timer 0.02 s", ("class OrderChanged", "0.02"),
         "At event 5 history has the activity pack (ACTIVITY_TASK_SCHEDULED), but this code started a timer of 0.02 s "
         "at line {} of edited.py instead."),
        ("order_child_in_place", (16, "ACTIVITY_TASK_SCHEDULED"), "start child workflow Shipping",
         ("class ChildInPlace", "execute_child_workflow"),
         "At event 16 history has the activity ship (ACTIVITY_TASK_SCHEDULED), but this code started the child "
         "workflow Shipping shipping at line {} of edited.py instead."),
        ("order_completes_early", (16, "ACTIVITY_TASK_SCHEDULED"), "complete the workflow",
         ("class CompletesEarly", "return"),
         "At event 16 history has the activity ship (ACTIVITY_TASK_SCHEDULED), but this code completed the workflow "
         "at line {} of edited.py instead."),
        ("order_completes_late", (28, "WORKFLOW_EXECUTION_COMPLETED"), "schedule activity pack",
         ("class CompletesLate", None),
         "At event 28 history has the workflow's completion (WORKFLOW_EXECUTION_COMPLETED), but this code scheduled "
         "the activity pack at line {} of edited.py instead."),
        ("order_fails_in_place", (11, "TIMER_STARTED"), "fail the workflow: edited to fail",
         ("class FailsInPlace", "raise"),
         "At event 11 history has the timer of 0.02 s (TIMER_STARTED), but this code failed the workflow with “edited "
         "to fail” at line {} of edited.py instead."),
        ("order_two_at_once", (11, "TIMER_STARTED"), "schedule activity charge", ("class TwoAtOnce", "charge"),
         "This code scheduled the activity charge at line {} of edited.py, which history does not hold: its next one "
         "is the timer of 0.02 s (TIMER_STARTED), event 11."),
        ("order_waits_in_place", (16, "ACTIVITY_TASK_SCHEDULED"), None, None,
         "At event 16 history has the activity ship (ACTIVITY_TASK_SCHEDULED), but this code made no such command: "
         "it waits for wait_condition at edited.py:{}."),
    ],
)  # fmt: skip
async def test_each_kind_of_edit_is_told_with_its_event_its_command_and_its_line(
    name: str, event: tuple[int, str], command: str | None, made_at: tuple[str, str | None] | None, says: str
) -> None:
    trace = await replayed(name)
    failure = trace.failure
    assert failure is not None and failure.kind == "nondeterminism"
    assert failure.expected is not None and (failure.expected.id, failure.expected.type) == event
    assert "[TMPRL1100] Nondeterminism error: " in failure.message
    step = trace.steps[failure.step]
    if command is None:
        assert failure.actual is None
        assert failure.text.startswith(says.format(step.waiting[0].line))
    else:
        assert failure.actual is not None and failure.actual.text == command
        assert failure.actual in step.commands
        assert failure.actual.event_id is None
        assert failure.text.startswith(says.format(failure.actual.line))
        where, text = made_at or ("", None)
        if text is not None:
            assert failure.actual.line == line_of(trace, text, after=where)
    assert "(TMPRL1100)" in failure.text and "`workflow.patched`" in failure.text
    earlier = [c for s in trace.steps[: failure.step] for c in s.commands]
    assert earlier == [] or all(c.event_id for c in earlier)


@pytest.mark.parametrize(
    ("cls", "history", "says"),
    [
        (further_edits.OtherChild, "child_in_one_step",
         "At event 5 history has the child workflow Packing child_in_one_step-child "
         "(START_CHILD_WORKFLOW_EXECUTION_INITIATED), but this code started the child workflow Unpacking same-id at "),
        (further_edits.OtherChildId, "child_in_one_step",
         "At event 5 history has the child workflow Packing child_in_one_step-child "
         "(START_CHILD_WORKFLOW_EXECUTION_INITIATED), but this code started the child workflow Packing other-id at "),
        (further_edits.NoLocalActivity, "local_activity",
         "At event 5 history has the marker of local activity pack (MARKER_RECORDED), but this code started a timer of "
         "1 s at "),
        (further_edits.LocalInPlace, "one_activity",
         "At event 5 history has the activity pack (ACTIVITY_TASK_SCHEDULED), but this code made no such command: it "
         "waits for local activity pack at "),
        (further_edits.SignalsInPlace, "one_activity",
         "At event 5 history has the activity pack (ACTIVITY_TASK_SCHEDULED), but this code sent the signal hello to "
         "workflow other at "),
        (further_edits.ContinuesInPlace, "one_activity",
         "At event 5 history has the activity pack (ACTIVITY_TASK_SCHEDULED), but this code continued as new at "),
        (further_edits.MemoBefore, "one_activity",
         "At event 5 history has the activity pack (ACTIVITY_TASK_SCHEDULED), but this code set memo owner at "),
        (further_edits.PatchForgotten, "patched",
         "At event 11 history has the marker of patch pay-first (MARKER_RECORDED), but this code scheduled the "
         "activity ship at "),
    ],
)  # fmt: skip
async def test_further_kinds_of_edits_are_told(cls: type, history: str, says: str) -> None:
    failure = (await record_replay(load(history), workflows=[cls])).failure
    assert failure is not None and failure.kind == "nondeterminism"
    assert failure.text.startswith(says)


async def test_what_cannot_be_matched_any_more_is_matched_with_nothing() -> None:
    trace = await replayed("order_other_activity")
    assert trace.failure is not None
    for step in trace.steps[trace.failure.step :]:
        assert all(c.event_id is None for c in step.commands)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.verdict == "fits"])
async def test_where_code_and_history_fit_no_parting_is_found(name: str) -> None:
    """The comparison alone: every kind of command, none of which may look like an edit."""
    history = load(name)
    trace = await replayed(name)
    assert trace.failure is None
    assert parting(trace.steps, history.events) is None


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.verdict == "nondeterminism"])
async def test_the_comparison_finds_the_place_without_temporals_message(name: str) -> None:
    trace = await replayed(name)
    found = parting(trace.steps, load(name).events)
    assert found is not None and trace.failure is not None
    assert found.step == trace.failure.step
    assert found.event == (trace.failure.expected and trace.failure.expected.id)


CORE = (
    'Workflow activation completion failed: Failure {{ failure: Some(Failure {{ message: "{}", source: "", '
    'stack_trace: "", encoded_attributes: None }}), force_cause: NonDeterministicError }}'
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("[TMPRL1100] it parted", "[TMPRL1100] it parted"),
        (r"he said \"no\" at C:\\temp\n", 'he said "no" at C:\\temp\n'),
        (r"it\'s \u{7} \u{1f600}x", "it's \x07 \U0001f600x"),
        (r"broken \q", r"broken \q"),
    ],
)
def test_temporals_words_are_taken_out_of_what_the_core_says(words: str, told: str) -> None:
    assert temporals_words(NondeterminismError(CORE.format(words))) == told


def test_words_that_are_not_the_cores_are_taken_as_they_are() -> None:
    assert temporals_words(RuntimeError("it broke")) == "it broke"


def nondeterminism(steps: list[ReplayStep], history: list[HistoryEvent], message: str = "") -> Failure:
    failure = failure_of(NondeterminismError(CORE.format(message)), steps, history, read_events(history))
    assert failure is not None
    return failure


def test_a_failure_without_any_step_or_event_is_told_in_temporals_words() -> None:
    failure = nondeterminism([], [], "[TMPRL1100] something new")
    assert failure == Failure(
        "nondeterminism", "Code and history part: [TMPRL1100] something new", 0, message="[TMPRL1100] something new"
    )


def test_a_hostile_message_is_bounded_and_printable() -> None:
    failure = nondeterminism([], [], "<script>" + r"\u{7}\u{202e}" * 10_000)
    assert len(failure.message) <= 2_000 and len(failure.text) <= 2_100
    assert failure.text.isprintable()


async def test_telling_never_raises_whatever_it_is_given() -> None:
    """Histories and steps that do not belong together, cut, shuffled and damaged."""
    rng = random.Random(7)
    traces = {
        name: (await replayed(name)).steps
        for name in ("order", "cancelled_in_activity", "updates", "order_two_at_once")
    }
    histories = {name: list(load(name).events) for name in traces}
    told = set()
    for _ in range(400):
        steps = list(traces[rng.choice(list(traces))])
        history = list(histories[rng.choice(list(histories))])
        steps = [damaged(rng, step) for step in rng.sample(steps, rng.randint(0, len(steps)))]
        history = history[: rng.randint(0, len(history))]
        event = rng.randint(0, 60)
        told.add(nondeterminism(steps, history, f"No command scheduled for event HistoryEvent(id: {event}, X)").text)
    assert len(told) > 10 and all(text for text in told)


def damaged(rng: random.Random, step: ReplayStep) -> ReplayStep:
    strange = Command("unheard_of", "x" * 1_000), Command("start_timer", "", key="timer"), Command("cancel_timer", "c")
    changes: dict[str, Any] = {
        "event_ids": rng.choice([(), (1,), (999,), step.event_ids]),
        "commands": rng.choice([(), step.commands, strange]),
        "waiting": rng.choice([(), step.waiting]),
        "index": rng.choice([0, step.index]),
    }
    return dataclasses.replace(step, **changes)
