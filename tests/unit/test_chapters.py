"""A tale told while its run goes on is at each event the one that is told from scratch, chapters or not."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from stagedflow.history.runs import Run, read_event
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityAttempt
from stagedflow.replay.trace import ReplayStep, ReplayTrace, WorkerLife
from stagedflow.widgets.timeline.tale import Tale, Teller, tell
from stagedflow.widgets.timeline.timeline import timeline
from tests.benchmarks.long_history import long_history
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load

FIXTURES = Path(__file__).parents[1] / "fixtures"
SKEWS = (0.0, 0.02, -0.3, 3.0, -500.0)
"""Seconds by which the workers' clock is ahead of the server's."""


def facts_of(events: list[Any], *, crashes: int = 0, skew: float = 0.0, seed: int = 0) -> Facts:
    """A whole run of these events, done by workers of which so many crash, and recorded by the ledger's clock."""
    chance = random.Random(seed)
    told = [read_event(event) for event in events]
    begin, end = told[0].at, told[-1].at
    bounds = [begin - 0.5, *sorted(chance.uniform(begin, end) for _ in range(crashes))]
    lives = []
    for n, (at, until) in enumerate(pairwise([*bounds, None])):
        ended, how = (until + 0.1 + skew, "crashed") if until else (None, None)
        lives.append(WorkerLife("ABC"[n % 3], 100 + n % 4, (at or 0.0) + skew, ended, how, True))

    def at_work(at: float) -> WorkerLife:
        return next(life for life in reversed(lives) if life.started - skew <= at or life is lives[0])

    told = [
        replace(event, detail={**event.detail, "identity": at_work(event.at).identity}) if "identity" in event.detail
        else event for event in told
    ]  # fmt: skip
    run = Run(tuple(told))
    attempts = []
    for activity in run.activities:
        last = activity.started.detail["attempt"] if activity.started else 1
        for number in range(1, last + 1):
            at = (activity.started.at if activity.started and number == last else activity.scheduled.at) + 0.004
            done = activity.closed.at - 0.001 + skew if activity.closed and number == last else None
            row = (activity.type, activity.activity_id, number, at_work(at).pid, at + skew, done)
            attempts.append(ActivityAttempt(*row, "completed" if done else None))
    steps: list[ReplayStep] = []
    known: WorkerLife | None = None
    for task in run.tasks:
        if task.started and task.outcome == "completed":
            life = at_work(task.started.at)
            at = task.started.at + skew
            if life is not known:
                steps.append(ReplayStep(0, True, (1,), lines=(("f", 5),), worker=life.pid, at=at))
            known = life
            steps.append(ReplayStep(0, False, (task.started.id,), lines=(("f", 6),), worker=life.pid, at=at + 0.003))
    return Facts("w", "r", run, (), tuple(attempts), tuple(lives), {}, ReplayTrace.of(steps, file="f"))


def as_of(whole: Facts, count: int) -> Facts:
    """The same when only so many events had come: what was under way then is not over yet."""
    run = Run(whole.run.events[:count])
    now = max(event.at for event in run.events) + 0.002
    known = {activity.activity_id for activity in run.activities}

    def over(at: float | None) -> bool:
        return at is not None and at <= now

    return replace(
        whole,
        run=run,
        lives=tuple(
            life if over(life.ended) else replace(life, ended=None, how=None)
            for life in whole.lives if over(life.started)
        ),
        attempts=tuple(
            row if over(row.finished) else replace(row, finished=None, outcome=None)
            for row in whole.attempts if row.activity_id in known
        ),
        trace=replace(whole.trace, steps=tuple(s for s in whole.trace.steps if s.event_ids[-1] <= run.events[-1].id)),
    )  # fmt: skip


def words(tale: Tale) -> Any:
    moments = [(m.at, m.kind, m.text, m.detail, m.label, m.lane, m.minor, m.rank) for m in tale.moments]
    lanes: dict[Any, list[Any]] = {}  # only within its lane it matters which stretch is told first
    for s in tale.stretches:
        ends = s.opening.at, s.closing and s.closing.at
        lanes.setdefault(s.lane, []).append((s.kind, s.label, s.worker, s.note, *ends))
    return tale.workflow_type, tale.status, tale.start, moments, list(lanes.items())


def assert_told_alike(teller: Teller, facts: Facts) -> None:
    assert words(teller.tell(facts)) == words(tell(facts))
    now = facts.run.events[-1].at + 3
    assert timeline(facts, now=now, teller=teller) == timeline(facts, now=now)


@pytest.mark.parametrize("name", CASES)
def test_each_event_of_a_recorded_run_is_told_as_from_scratch(name: str) -> None:
    events = list(load(name).events)
    for seed, skew in enumerate(SKEWS):
        whole, teller = facts_of(events, crashes=seed % 3, skew=skew, seed=seed), Teller(2 + seed, 1 + seed % 2)
        for count in range(1, len(events) + 1):
            assert_told_alike(teller, as_of(whole, count))
        assert_told_alike(teller, whole)


@pytest.mark.parametrize("name", ["completed", "crashed_while_parked", "odd_signals", "failing_task"])
def test_each_event_of_a_staged_run_is_told_as_from_scratch(name: str) -> None:
    events = list(WorkflowHistory.from_json(name, (FIXTURES / f"{name}.json").read_text()).events)
    for seed, skew in enumerate(SKEWS):
        whole, teller = facts_of(events, crashes=seed % 3, skew=skew, seed=seed), Teller(4, 1)
        for count in range(1, len(events) + 1):
            assert_told_alike(teller, as_of(whole, count))


def test_of_a_long_run_only_the_last_part_is_told_anew() -> None:
    events = list(long_history(600).events)
    whole, teller = facts_of(events, crashes=2), Teller(50, 20)
    rests = []
    for count in range(1, len(events), 3):
        assert_told_alike(teller, as_of(whole, count))
        rests.append(count - teller._standing.place)
    assert max(rests) < 100 and teller._chapters


def test_a_row_a_life_or_a_replay_that_is_told_late_changes_what_was_over() -> None:
    whole = facts_of(list(long_history(400).events)[:-1], crashes=1)
    teller = Teller(50, 20)
    assert_told_alike(teller, replace(whole, attempts=(), trace=ReplayTrace()))
    assert teller._chapters
    for late in (
        replace(whole, attempts=whole.attempts[:3]),
        whole,
        replace(whole, attempts=tuple(replace(row, outcome="failed") for row in whole.attempts)),
        replace(whole, lives=whole.lives[:1]),
        replace(whole, clock_ahead=0.5),
        as_of(whole, 30),
        whole,
    ):
        assert_told_alike(teller, late)


def test_a_servers_clock_that_is_set_back_is_told_as_from_scratch() -> None:
    whole = facts_of(list(long_history(400).events), crashes=1)
    events = whole.run.events
    back = Run((*events[:200], *(replace(event, at=event.at - 90_000) for event in events[200:])))
    teller = Teller(50, 20)
    for count in range(1, len(events), 7):
        assert_told_alike(teller, as_of(replace(whole, run=back), count))
