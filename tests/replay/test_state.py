"""What a trace keeps of hostile values: bounded, deterministic, without secrets, and fit for JSON and UTF-8."""

import json
import unicodedata

import pytest
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import Command, Job, ReplayTrace, SideEffect, Waiting
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.fixtures.workflows import values
from tests.replay.replays import trace_of

SECRETS = {"api_key": "sk-live", "account.password": "opensesame", "account.parts[token]": "t0ken"}
HOSTILE = ["hostile_state", "hostile_payloads"]


def texts(trace: ReplayTrace) -> list[str]:
    """Every text of a trace that came from the workflow or its history: all but its source."""
    values = [text for step in trace.steps for kept in (step.state, step.locals) for text in kept.values()]
    parts: list[Job | Waiting | Command | SideEffect] = []
    for step in trace.steps:
        parts += [*step.jobs, *step.waiting, *step.commands, *step.side_effects]
    said = [part.text for part in parts]
    return [*values, *said, *(event.text for event in trace.events)]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
async def test_a_value_under_a_secret_looking_name_is_hidden(secret: str) -> None:
    trace = await trace_of("hostile_state")
    assert not [text for text in texts(trace) if secret in text]


async def test_a_local_variable_with_a_secret_looking_name_is_hidden() -> None:
    trace = await trace_of("hostile_state")
    assert "password" in trace.steps[0].locals
    assert "swordfish" not in trace.steps[0].locals["password"]


@pytest.mark.parametrize("name", HOSTILE)
async def test_every_text_is_bounded_and_printable(name: str) -> None:
    for text in texts(await trace_of(name)):
        assert len(text) <= 400
        text.encode("utf-8")  # no half of a surrogate pair
        odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        assert odd == [], f"in {text[:60]!r}"


async def test_an_object_that_has_no_words_is_told_all_the_same() -> None:
    state = (await trace_of("hostile_state")).steps[0].state
    assert state["unspeakable"] == "Unspeakable()"
    assert "0x" not in state["thing"]


@pytest.mark.parametrize("runner", [SandboxedWorkflowRunner(), UnsandboxedWorkflowRunner()], ids=["sandboxed", "not"])
async def test_an_object_whose_repr_changes_the_workflow_is_left_as_it_is(runner: WorkflowRunner) -> None:
    history = load("hostile_state")
    bare = Replayer(workflows=[values.CountsItsReprs], workflow_runner=runner)
    assert (await bare.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None
    trace = await record_replay(history, workflows=[values.CountsItsReprs], workflow_runner=runner)
    assert trace.failure is None
    assert [step.state["counted"] for step in trace.steps] == ["Counted(times=0)"] * 2


async def test_the_state_of_a_workflow_with_slots_is_told() -> None:
    trace = await record_replay(load("hostile_state"), workflows=[values.Slotted])
    assert [step.state for step in trace.steps] == [{"stage": "1"}, {"done": "True", "stage": "2"}]


async def test_side_effects_are_told_with_the_answers_that_the_code_got() -> None:
    trace = await trace_of("time_and_chance")
    told = {e.kind: e.text for step in trace.steps for e in step.side_effects}
    facts = trace.steps[-1].state["facts"]
    uuid = told["uuid4"].removeprefix("workflow.uuid4() = UUID('").removesuffix("')")
    assert len(uuid) == 36 and uuid in facts
    moment = float(told["time"].removeprefix("workflow.time() = "))
    assert f"{moment:.3f}" in facts
    assert told["now"].startswith("workflow.now() = datetime.datetime(")
    assert told["random"] == "workflow.random()"


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_trace_survives_json(name: str) -> None:
    trace = await trace_of(name)
    written = trace.to_json()
    assert ReplayTrace.from_json(written) == trace
    json.loads(written.encode("utf-8"))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.verdict != "deadlock"])
async def test_the_same_history_gives_the_same_trace_each_time(name: str) -> None:
    again = await record_replay(load(name), workflows=[CASES[name].workflow])
    assert again.to_json() == (await trace_of(name)).to_json()
