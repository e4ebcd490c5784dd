"""The recorder around Temporal's own Replayer: the real StagedWorkflow on recorded histories, sandbox on."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

import pytest
from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowRunner, _workflow_instance
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow import staged
from stagedflow.replay import _sdk, recorder
from stagedflow.replay.recorder import LineTracer, RecordingRunner, Sink
from stagedflow.replay.trace import ReplayStep
from stagedflow.staged import StagedWorkflow

Recorded = Callable[[str], WorkflowHistory]


async def replay(history: WorkflowHistory, sink: Sink) -> BaseException | None:
    """Temporal's verdict on this history."""
    runner = RecordingRunner(SandboxedWorkflowRunner(), sink)
    replayer = Replayer(workflows=[StagedWorkflow], workflow_runner=runner)
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure


async def steps_of(history: WorkflowHistory) -> list[ReplayStep]:
    steps: list[ReplayStep] = []
    assert await replay(history, lambda _, step: steps.append(step)) is None
    return steps


def source(step: ReplayStep) -> list[str]:
    """The executed lines of `staged.py`, as text."""
    lines = inspect.getsource(staged).splitlines()
    assert all(file == staged.__file__ for file, _ in step.lines)
    return [lines[number - 1].strip() for _, number in step.lines]


async def test_each_activation_has_its_events_jobs_lines_and_commands(recorded: Recorded) -> None:
    first, parked, signalled, *_, last = await steps_of(recorded("completed"))
    assert (first.event_ids, first.reason) == ((1, 2, 3), "start StagedWorkflow")
    assert source(first)[-1].startswith("await workflow.execute_activity(reserve_devices")
    assert [(c.kind, c.text) for c in first.commands] == [("schedule_activity", "schedule activity reserve_devices")]
    assert first.commands[0].line == first.lines[-1][1]
    assert parked.reason == "activity completed"
    assert "await workflow.wait_condition(lambda: self.stage > 0)" in source(parked)[0]
    assert signalled.reason == "signal advance_stage"
    assert source(signalled)[0].startswith("self.stage = max(self.stage, stage)")
    assert source(signalled)[-1].startswith("await workflow.execute_activity(stage_firmware")
    assert [c.kind for c in last.commands] == ["complete_workflow_execution"]


async def test_it_says_where_the_workflow_waits_after_each_activation(recorded: Recorded) -> None:
    steps = await steps_of(recorded("completed"))
    assert [[w.text for w in s.waiting] for s in steps] == [
        ["activity reserve_devices"],
        ["wait_condition"],
        ["activity stage_firmware"],
        ["wait_condition"],
        ["activity flash_firmware"],
        ["wait_condition"],
        ["activity soak_test"],
        [],
    ]
    assert all(w.line == s.lines[-1][1] for s in steps for w in s.waiting)


async def test_it_shows_the_state_and_the_locals_after_each_activation(recorded: Recorded) -> None:
    steps = await steps_of(recorded("completed"))
    assert [s.state["stage"] for s in steps] == ["0", "0", "1", "1", "2", "2", "3", "3"]
    assert steps[0].locals == {"rollout": "Rollout(fleet='gateways', work_seconds=0.05)"}


async def test_every_event_comes_once_and_all_of_it_is_replay(recorded: Recorded) -> None:
    steps = await steps_of(recorded("completed"))
    brought = [event for step in steps for event in step.event_ids]
    assert brought == list(range(1, len(brought) + 1))
    assert all(s.is_replaying and not s.query and s.failure is None for s in steps)


async def test_the_last_task_of_an_unfinished_history_is_executed_now(recorded: Recorded) -> None:
    steps = await steps_of(recorded("signalled_after_crash"))
    assert [s.is_replaying for s in steps] == [True, True, False]
    assert steps[-1].is_live


async def test_a_handler_that_raises_is_told_in_its_step(recorded: Recorded) -> None:
    assert "NoneType" in ((await steps_of(recorded("failing_task")))[-1].failure or "")


async def test_a_sink_that_raises_fails_no_task_and_is_told(
    recorded: Recorded, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("disk full")

    assert await replay(recorded("completed"), broken) is None
    assert "was not recorded: RuntimeError('disk full')" in capfd.readouterr().err


def test_the_trace_function_of_a_debugger_is_put_back() -> None:
    def debugger(*_: object) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        with LineTracer(__file__):
            assert sys.gettrace() is not debugger
        assert sys.gettrace() is debugger
    finally:
        sys.settrace(before)


def test_only_the_learners_own_lines_are_taken() -> None:
    def learner() -> str:
        return inspect.cleandoc("  the standard library's lines are not wanted")

    tracer = LineTracer(__file__)
    with tracer:
        learner()
    assert tracer.taken == [(__file__, learner.__code__.co_firstlineno + 1)]


def test_worker_level_failure_types_reach_the_inner_runner() -> None:
    class Inner(SandboxedWorkflowRunner):
        def set_worker_level_failure_exception_types(self, types: Any) -> None:
            self.types = types

    inner = Inner()
    RecordingRunner(inner, lambda *_: None).set_worker_level_failure_exception_types([ValueError])
    assert inner.types == [ValueError]


def test_the_recorder_answers_all_that_an_sdk_runner_and_instance_are_asked() -> None:
    """A method that a release adds and we do not forward would silently lose a feature."""
    for ours, theirs in (
        (RecordingRunner, WorkflowRunner),
        (recorder._RecordedInstance, WorkflowInstance),
    ):
        public = {name for name, value in vars(theirs).items() if callable(value) and not name.startswith("_")}
        assert public and public <= set(vars(ours))


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (WorkflowActivation, {"run_id", "is_replaying", "history_length", "jobs"}),
        (WorkflowActivationCompletion, {"successful", "failed"}),
    ],
)
def test_the_sdk_messages_still_have_the_fields_that_we_read(message: Any, fields: set[str]) -> None:
    assert fields <= set(message.DESCRIPTOR.fields_by_name)


def test_the_sdk_jobs_still_have_the_names_that_we_read() -> None:
    jobs = WorkflowActivation.DESCRIPTOR.fields_by_name["jobs"].message_type.fields_by_name
    assert {
        "initialize_workflow", "signal_workflow", "query_workflow", "do_update", "resolve_activity", "fire_timer",
        "remove_from_cache",
    } <= set(jobs)  # fmt: skip


def sdk_functions() -> set[str]:
    """The names of all coroutine functions of the SDK in which a workflow may wait."""
    instance = _workflow_instance._WorkflowInstanceImpl
    found = [vars(_workflow_instance), vars(instance), vars(workflow)]
    return {name for names in found for name, value in names.items() if inspect.iscoroutinefunction(value)}


@pytest.mark.parametrize("name", sorted(_sdk.WAITS))
def test_each_frame_of_the_sdk_that_we_look_for_is_still_there(name: str) -> None:
    assert name in sdk_functions()


@pytest.mark.parametrize(("kind", "names"), sorted(_sdk.NAMED_BY.items()))
def test_the_arguments_that_name_an_activity_or_a_child_are_still_there(kind: str, names: tuple[str, ...]) -> None:
    for function in (name for name, of in _sdk.WAITS.items() if of == kind):
        assert set(names) <= set(inspect.signature(getattr(workflow, function)).parameters)
