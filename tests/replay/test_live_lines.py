"""The lines of every activation, against what a live worker ran: the oracle's copies on a real server."""

import gc
import inspect
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from temporalio.client import Client

from stagedflow.replay.saved.replayer import record_replay
from tests.fixtures.cases import CASES
from tests.fixtures.play import fixture_server, playing
from tests.replay.copies import copy_of
from tests.replay.oracle import Oracle, difference

SLOW = {"local_activity_cancelled"}
"""A local activity keeps its workflow task open: 16 seconds."""
LIVE = [name for name, case in CASES.items() if case.made_by is None and case.verdict == "fits" and name not in SLOW]
"""An edit of another workflow's code has no live run: it is replayed on that workflow's history."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(server_binary: object) -> AsyncIterator[Client]:
    async with fixture_server() as client:
        yield client


@pytest.mark.parametrize("name", LIVE)
async def test_the_lines_of_a_replay_are_those_of_the_live_run(name: str, client: Client) -> None:
    case = CASES[name]
    copies = [copy_of(cls) for cls in (case.workflow, *case.others)]
    oracle = Oracle()
    async with playing(client, case, workflows=copies, sandbox=oracle, no_sandbox=oracle) as play:
        if case.last_run:
            history = await client.get_workflow_handle(case.name).fetch_history()
        else:
            run = client.get_workflow_handle(case.name, run_id=play.handle.first_execution_run_id)
            history = await run.fetch_history()
    gc.collect()  # not during the replay: what the worker has left unfinished ends here
    ran = [a for a in oracle.run(history.run_id) if a.leaves_history]
    trace = await record_replay(history, workflows=[case.workflow])
    assert trace.failure is None
    validators = lines_of_validators(case.workflow)
    assert [step.is_replaying for step in trace.steps[:-1]] == [True] * (len(trace.steps) - 1)
    assert len(ran) == len(trace.steps)
    for step, activation in zip(trace.steps, ran, strict=True):
        marks = [mark for mark in activation.marks if mark.line not in validators]
        assert difference(step.lines, marks) is None, step.reason


def lines_of_validators(workflow: type) -> set[int]:
    """A replay runs no validator: what was accepted stays accepted."""
    found: set[int] = set()
    for update in vars(workflow)["__temporal_workflow_definition"].updates.values():
        if update.validator:
            lines, first = inspect.getsourcelines(update.validator)
            found.update(range(first, first + len(lines)))
    return found


async def test_a_query_runs_no_line_of_the_replay(client: Client) -> None:
    """What a living worker did for a query leaves no step in a replay of the history."""
    oracle = Oracle()
    case = replace(CASES["queried_while_parked"], name="queried_live")
    copies = [copy_of(case.workflow)]
    async with playing(client, case, workflows=copies, sandbox=oracle, no_sandbox=oracle) as play:
        history = await play.handle.fetch_history()
    ran = oracle.run(history.run_id)
    assert [a.jobs for a in ran] == [("initialize_workflow",), ("query_workflow",), ("query_workflow",)]
    assert [bool(a.marks) for a in ran] == [True, True, True]
    assert len((await record_replay(history, workflows=[case.workflow])).steps) == 1
