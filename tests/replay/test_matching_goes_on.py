"""Matching while steps and events still come gives at each moment what matching all of them at once gives."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from stagedflow.replay.matching import Matcher, match
from stagedflow.replay.trace import ReplayStep
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.replay.replays import trace_of

Come = tuple[list[ReplayStep], list[Any]]


def as_they_come(steps: list[ReplayStep], events: list[Any], *, late: int) -> Iterator[ReplayStep | Any]:
    """Each step once so many events have come after its last one; those of the end at the end."""
    waiting = list(steps)
    for event in events:
        yield event
        while waiting and max(waiting[0].event_ids, default=0) + late <= event.event_id:
            yield waiting.pop(0)
    yield from waiting


def assert_agrees_at_each_moment(coming: Iterator[ReplayStep | Any], unsettled: int) -> None:
    matcher = Matcher(unsettled)
    steps: list[ReplayStep] = []
    events: list[Any] = []
    for one in coming:
        if isinstance(one, ReplayStep):
            steps.append(one)
            matcher.add_step(one)
        else:
            events.append(one)
            matcher.add_event(one)
        assert matcher.matched() == match(steps, events)


@pytest.mark.parametrize("name", CASES)
async def test_each_moment_of_a_recorded_run_is_matched_as_from_scratch(name: str) -> None:
    steps, events = list((await trace_of(name)).steps), list(load(name).events)
    for unsettled, late in ((0, 0), (1, 0), (2, 4), (16, 1)):
        assert_agrees_at_each_moment(as_they_come(steps, events, late=late), unsettled)


@pytest.mark.parametrize("name", CASES)
async def test_a_second_worker_that_replays_and_one_ahead_of_history_change_nothing(name: str) -> None:
    steps, events = list((await trace_of(name)).steps), list(load(name).events)
    first = [replace(step, worker=1) for step in steps]
    half = len(steps) // 2
    mixed = [*first[:half], *(replace(step, worker=2) for step in steps), *first[half:]]
    assert_agrees_at_each_moment(as_they_come(mixed, events, late=0), 1)
    assert_agrees_at_each_moment(iter([*mixed, *events]), 1)


async def test_a_step_that_takes_back_what_an_older_one_asked_for_changes_that_one() -> None:
    name = next(n for n, case in CASES.items() if n == "activity_cancelled_try")
    steps, events = list((await trace_of(name)).steps), list(load(name).events)
    task = steps[0].event_ids[-1]
    [asked] = [c for c in steps[0].commands if c.kind == "schedule_activity"]
    more = [replace(steps[0], jobs=(), commands=(), event_ids=())] * 3
    back = replace(more[0], commands=(replace(asked, kind="request_cancel_activity"),))
    assert task
    assert_agrees_at_each_moment(iter([*events, steps[0], *more, back]), 1)
    assert match([steps[0], *more, back], events)[0].commands[0].event_id is None
    assert match([steps[0], *more], events)[0].commands[0].event_id
