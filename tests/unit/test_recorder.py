"""The recorder around Temporal's own Replayer: the real StagedWorkflow on recorded histories, sandbox on."""

import inspect
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from stagedflow import staged
from stagedflow.replay.recording import by_monitoring, recorder
from stagedflow.replay.recording.recorder import LineTracer, RecordingRunner, Sink
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
    assert parked.reason == "activity reserve_devices completed"
    assert parked.lines[0] == first.lines[-1]  # the await that goes on with its result
    assert "await workflow.wait_condition(lambda: self.stage > 0)" in source(parked)[1]
    assert signalled.reason == "signal advance_stage(1)"
    assert source(signalled)[0].startswith("self.stage = max(self.stage, stage)")
    assert source(signalled)[-1].startswith("await workflow.execute_activity(stage_firmware")
    assert [(c.kind, c.line) for c in last.commands] == [("complete_workflow_execution", last.lines[-1][1])]
    assert source(last) == [
        "return await workflow.execute_activity(soak_test, rollout, start_to_close_timeout=timedelta(hours=2))"
    ]


async def test_it_says_where_the_workflow_waits_after_each_activation(recorded: Recorded) -> None:
    steps = await steps_of(recorded("completed"))
    assert [[w.text.partition(":")[0] for w in s.waiting] for s in steps] == [
        ["activity reserve_devices"],
        ["gate 1"],
        ["activity stage_firmware"],
        ["gate 2"],
        ["activity flash_firmware"],
        ["gate 3"],
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


def test_the_trace_function_of_a_debugger_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_monitoring, "available", lambda: False)

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


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_a_debugger_and_other_tools_go_on_beside_it() -> None:
    def learner() -> int:
        return 1

    seen: list[str] = []

    def debugger(frame: Any, event: str, _: object) -> Any:
        seen.append(frame.f_code.co_name)

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        tracer = LineTracer(__file__)
        with tracer:
            assert sys.gettrace() is debugger
            learner()
    finally:
        sys.settrace(before)
    assert "learner" in seen
    assert tracer.taken == [(__file__, learner.__code__.co_firstlineno + 1)]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_where_other_tools_have_every_place_the_hook_serves() -> None:
    code = (
        "import sys\n"
        "for tool in range(6):\n"
        "    sys.monitoring.use_tool_id(tool, 'another')\n"
        "from stagedflow.replay.recording.line_tracer import LineTracer\n"
        "tracer = LineTracer(__file__)\n"
        "def learner():\n"
        "    return 1\n"
        "with tracer:\n"
        "    learner()\n"
        "print(type(tracer._way).__name__, [line for _, line in tracer.taken])\n"
    )
    path = Path(tempfile.mkdtemp(), "crowded.py")
    path.write_text(code)
    told = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=True)
    assert told.stdout == "Hook [7]\n"


LOOPS = """
def loops():
    for _ in range(2):
        pass
    while _ < 3: _ += 1
    [x for x in range(2)]
    for _ in range(2): x = 1

def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)
"""


def of_file(path: Path) -> dict[str, Any]:
    """What LOOPS defines, as this file's."""
    path.write_text(LOOPS)
    names: dict[str, Any] = {}
    exec(compile(LOOPS, str(path), "exec"), names)
    return names


def test_the_lines_of_loops_are_those_of_pythons_trace_hook(tmp_path: Path) -> None:
    """Python's own order is the measure: versions differ in how often they come to a loop's first line."""
    loops, seen = of_file(tmp_path / "loops.py")["loops"], []

    def on_call(frame: Any, event: str, _: object) -> Any:
        if frame.f_code.co_filename == str(tmp_path / "loops.py"):
            if event == "line":
                seen.append(frame.f_lineno)
            return on_call
        return None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        loops()
    finally:
        sys.settrace(before)
    tracer = LineTracer(str(tmp_path / "loops.py"))
    with tracer:
        loops()
    assert [line for _, line in tracer.taken] == seen


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_code_that_is_not_recorded_is_soon_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the cut, outside an activation, and where a library was taken for foreign first."""
    monkeypatch.setattr(by_monitoring, "_watchers", {})  # another test's code may hang in its activation
    fib = of_file(tmp_path / "loops.py")["fib"]
    tracer = LineTracer(str(tmp_path / "loops.py"))
    with tracer:
        fib(25)
        heard = by_monitoring._unheard
        fib(25)
        assert tracer.cut and by_monitoring._unheard - heard < 100
    fib(25)
    assert by_monitoring._unheard - heard < 100
    with tracer:
        fib(3)
    assert not tracer.cut and len(tracer.taken) > 8, "the next activation is recorded again"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_a_workflow_in_a_librarys_folder_is_recorded_though_another_ran_it_first(tmp_path: Path) -> None:
    library = str(Path(pytest.__file__).with_name("not_there.py"))
    fib = of_file(tmp_path / "loops.py")["fib"]
    fib.__code__ = fib.__code__.replace(co_filename=library)
    other = LineTracer(__file__)
    with other:
        fib(3)
    assert not any(file == library for file, _ in other.taken)
    tracer = LineTracer(library)
    with tracer:
        fib(3)
    again = list(tracer.taken)
    with other:
        fib(3)
    with tracer:
        fib(3)
    assert tracer.taken == again and len(again) > 8


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
