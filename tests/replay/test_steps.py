"""The steps of every fixture, as they were checked by hand: jobs, changes of state, waits and commands, with lines."""

import pytest
from temporalio.worker import UnsandboxedWorkflowRunner

from stagedflow.replay.saved.replayer import record_replay
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.replay.replays import trace_of
from tests.replay.told import expected_of, told

EXPECTED = expected_of()


def test_each_fixture_has_its_expected_steps() -> None:
    assert set(EXPECTED) == set(CASES)


@pytest.mark.parametrize("name", CASES)
async def test_the_steps_are_the_expected_ones(name: str) -> None:
    assert told(await trace_of(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.verdict != "deadlock"])
async def test_the_steps_are_the_same_without_the_sandbox(name: str) -> None:
    trace = await record_replay(
        load(name), workflows=[CASES[name].workflow], workflow_runner=UnsandboxedWorkflowRunner()
    )
    expected = await trace_of(name)
    assert trace.steps == expected.steps
    assert (trace.failure is None) == (expected.failure is None)


@pytest.mark.parametrize("name", CASES)
async def test_each_event_comes_in_one_step_only_and_a_task_ends_with_its_start(name: str) -> None:
    trace = await trace_of(name)
    started = {event.id for event in trace.events if event.type == "WORKFLOW_TASK_STARTED"}
    brought = [id for step in trace.steps for id in step.event_ids]
    assert brought == list(range(1, len(brought) + 1))
    # An activation without events goes on with the workflow task of the one before: a local activity has ended.
    ends = [step.event_ids[-1] for step in trace.steps if step.event_ids]
    last_of_history = trace.events[-1].id
    assert set(ends) <= started | {last_of_history}
