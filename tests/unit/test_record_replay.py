"""`record_replay`: a trace of a saved history whatever the code does, and the same verdict as the bare Replayer's."""

import asyncio
import inspect
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from stagedflow import LabError, ReplayTrace, StagedWorkflow, record_replay, staged
from stagedflow.background import lab_loop, quiet_runtime
from stagedflow.replay import _sdk
from tests.conftest import FIXTURES
from tests.fixtures import recorded as cases
from tests.fixtures.cases import CASES
from tests.unit import stubborn

Recorded = Callable[[str], WorkflowHistory]
COMPLETED = FIXTURES / "completed.json"


async def replayed(cls: type, name: str = "completed", **options: Any) -> ReplayTrace:
    return await record_replay(FIXTURES / f"{name}.json", workflows=[cls], **options)


async def bare_verdict(cls: type, history: WorkflowHistory) -> str:
    replayer = Replayer(workflows=[cls], runtime=quiet_runtime())
    failure = (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
    if failure is None:
        return "fits"
    return "nondeterminism" if isinstance(failure, workflow.NondeterminismError) else "raised"


async def test_a_trace_holds_the_steps_the_history_and_the_code() -> None:
    trace = await replayed(StagedWorkflow)
    assert (trace.workflow_type, trace.file, trace.failure, trace.notes) == (
        "StagedWorkflow",
        staged.__file__,
        None,
        (),
    )
    assert [step.index for step in trace.steps] == list(range(8))
    assert [event.id for event in trace.events] == list(range(1, 42))
    assert trace.sources == {staged.__file__: inspect.getsource(staged)}
    assert trace.workers == () and all(step.at is None for step in trace.steps)
    assert [c.event_id for step in trace.steps for c in step.commands] == [5, 15, 25, 35, 41]
    assert ReplayTrace.from_json(trace.to_json()) == trace


async def test_the_same_history_gives_the_same_trace(recorded: Recorded) -> None:
    first = await record_replay(recorded("completed"), workflows=[StagedWorkflow])
    for source in (COMPLETED, str(COMPLETED), COMPLETED.read_text(), json.loads(COMPLETED.read_text())):
        assert await record_replay(source, workflows=[StagedWorkflow]) == first


@pytest.mark.parametrize("name", ["completed", "crashed_while_parked", "failing_task", "odd_signals"])
async def test_the_verdict_on_the_real_workflow_is_the_bare_replayers(recorded: Recorded, name: str) -> None:
    assert await bare_verdict(StagedWorkflow, recorded(name)) == "fits"
    assert (await replayed(StagedWorkflow, name)).failure is None


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.verdict != "fits"])
async def test_the_verdict_on_code_that_does_not_fit_is_the_bare_replayers(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    case = CASES[name]
    trace = await record_replay(cases.load(name), workflows=[case.workflow])
    assert trace.failure is not None
    assert trace.failure.kind == case.verdict
    assert trace.steps and trace.failure.step < len(trace.steps)
    if case.verdict != "deadlock":  # to the bare Replayer one is an exception like any other
        caplog.set_level(logging.CRITICAL, "temporalio.worker")
        assert await bare_verdict(case.workflow, cases.load(name)) == case.verdict


async def test_it_can_be_awaited_from_any_loop() -> None:
    def on_a_loop_of_its_own() -> None:
        found.append(asyncio.run(replayed(StagedWorkflow)))

    found: list[ReplayTrace] = []
    thread = threading.Thread(target=on_a_loop_of_its_own)
    thread.start()
    here = await replayed(StagedWorkflow)
    await asyncio.to_thread(thread.join)
    on_the_labs = asyncio.run_coroutine_threadsafe(replayed(StagedWorkflow), lab_loop())
    assert found == [here] == [await asyncio.wrap_future(on_the_labs)]


async def test_several_at_once_do_not_mix() -> None:
    good, bad, other = await asyncio.gather(
        replayed(StagedWorkflow), replayed(stubborn.CannotStart), replayed(StagedWorkflow, "odd_signals")
    )
    assert len(good.steps) == 8 and good.failure is None
    assert bad.failure and bad.failure.kind == "raised"
    assert len(other.steps) == 7 and other.failure is None


async def test_without_the_sandbox_the_steps_are_the_same() -> None:
    unsandboxed = await replayed(StagedWorkflow, workflow_runner=UnsandboxedWorkflowRunner())
    assert unsandboxed == await replayed(StagedWorkflow)


async def test_interceptors_take_part() -> None:
    class Counts(WorkflowInboundInterceptor):
        async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
            workflow.instance().counted = 1
            return await super().execute_workflow(input)

    class Counting(Interceptor):
        def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
            return Counts

    trace = await replayed(StagedWorkflow, interceptors=[Counting()])
    assert trace.steps[0].state == {"counted": "1", "stage": "0"}


async def test_code_that_raises_is_told_with_its_line_and_the_steps_up_to_it() -> None:
    trace = await record_replay(cases.load("edited_to_raise"), workflows=[CASES["edited_to_raise"].workflow])
    assert trace.failure is not None
    lines = trace.sources[trace.file].splitlines()
    number = next(n for n, line in enumerate(lines, 1) if 'naps["first"]' in line)
    assert f"The code raised KeyError: 'first' at line {number} of troubled.py." in trace.failure.text
    assert len(trace.steps) == 2
    assert trace.steps[trace.failure.step].lines[-1] == (trace.file, number)


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (stubborn.CannotStart, "The code raised ZeroDivisionError: in __init__ at line "),
        (stubborn.WantsANumber, "Failed decoding arguments"),
        (stubborn.RaisesRudely, "The code raised Mute: (it does not tell its text) at line "),
    ],
)
async def test_code_that_cannot_even_start_gives_a_trace(cls: type, says: str) -> None:
    trace = await replayed(cls)
    assert trace.failure is not None and trace.failure.kind == "raised"
    assert says in trace.failure.text
    assert len(trace.events) == 41


async def test_a_history_that_ends_with_a_failed_task_says_so() -> None:
    trace = await replayed(StagedWorkflow, "failing_task")
    assert trace.failure is None
    assert trace.steps[-1].failure == "TypeError: '>' not supported between instances of 'NoneType' and 'int'"
    assert "History ends with a workflow task that fails with this code, too" in trace.notes[0]


async def test_a_signal_that_the_sdk_drops_is_noted() -> None:
    trace = await replayed(stubborn.WantsNumbers, "odd_signals")
    assert any("A signal advance_stage does not have the arguments" in note for note in trace.notes)


async def test_a_workflow_that_prints_and_changes_globals_is_replayed_in_its_sandbox(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):
        trace = await replayed(stubborn.Prints, "signalled_after_crash")
        assert trace.failure is None
    assert capfd.readouterr().out == "<script>printed 1</script>\n" * 2
    assert stubborn.SEEN == []


@pytest.mark.parametrize("cls", [stubborn.Swallows, stubborn.Blocks])
async def test_code_that_does_not_even_end_when_interrupted_holds_up_nobody(cls: type) -> None:
    trace = await replayed(cls)
    assert trace.failure is not None and trace.failure.kind == "deadlock"
    file, number = trace.steps[trace.failure.step].lines[-1]
    assert file == stubborn.__file__
    assert f" {number} of stubborn.py: a deadlock to Temporal (TMPRL1101)" in trace.failure.text.replace("–", " ")
    assert "TMPRL1101" in trace.failure.message
    again = await replayed(StagedWorkflow)
    assert (again.failure, len(again.steps)) == (None, 8)
    started = time.process_time()
    await asyncio.sleep(1)  # what a second of looping would cost is what is measured
    assert time.process_time() - started < 0.7


async def test_of_a_loop_that_does_not_yield_only_its_own_lines_are_named() -> None:
    case = CASES["loops_on_replay"]
    failure = (await record_replay(cases.load(case.name), workflows=[case.workflow])).failure
    assert failure is not None
    code, first = inspect.getsourcelines(case.workflow)
    loop = first + next(n for n, line in enumerate(code) if "while" in line)
    assert f"without an await at lines {loop}–{loop + 1} of troubled.py: a deadlock" in failure.text


def test_a_process_ends_although_such_code_does_not() -> None:
    code = (
        "import asyncio, stagedflow\n"
        "from tests.unit.stubborn import Blocks, Swallows\n"
        "for cls in (Swallows, Blocks):\n"
        f"    print(asyncio.run(stagedflow.record_replay({str(COMPLETED)!r}, workflows=[cls])).failure.kind)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (ended.stdout.split(), ended.stderr, ended.returncode) == (["deadlock", "deadlock"], "", 0)


async def test_a_failing_replay_prints_and_logs_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("order_other_activity", "edited_to_raise", "edited_to_loop"):
        assert (await record_replay(cases.load(name), workflows=[CASES[name].workflow])).failure
    assert [r for r in caplog.records if r.name.startswith("temporalio")] == []
    assert capfd.readouterr() == ("", "")


async def test_others_are_not_silenced_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    loops, raises = CASES["edited_to_loop"], CASES["edited_to_raise"]
    before = filters()
    quiet_one = asyncio.ensure_future(record_replay(cases.load("edited_to_loop"), workflows=[loops.workflow]))
    await until(lambda: filters() != before)
    assert await bare_verdict(raises.workflow, cases.load("edited_to_raise")) == "raised"
    assert not quiet_one.done()
    assert (await quiet_one).failure
    logged = [r for r in caplog.records if r.name == "temporalio.worker._workflow_instance"]
    assert [r.getMessage().partition(" with ")[0] for r in logged] == ["Failed activation on workflow Calm"]
    assert filters() == before


async def test_a_cancelled_replay_leaves_nothing_behind() -> None:
    before, others = filters(), threads()  # another test's thread may still come to its end
    case = CASES["edited_to_loop"]
    waiting = asyncio.ensure_future(record_replay(cases.load("edited_to_loop"), workflows=[case.workflow]))
    await until(lambda: bool(threads() - others))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: filters() == before and threads() <= others)


def filters() -> list[Any]:
    return [f for name in _sdk.LOGGERS for f in logging.getLogger(name).filters]


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "stagedflow-replay"}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9, 13, 40])
async def test_a_history_that_goes_on_elsewhere_is_replayed_as_far_as_it_goes(recorded: Recorded, count: int) -> None:
    history = recorded("completed")
    trace = await record_replay(WorkflowHistory("w", history.events[:count]), workflows=[StagedWorkflow])
    assert trace.failure is None
    assert len(trace.events) == count
    assert bool(trace.steps) == (count > 1)
    assert bool(trace.notes) == (count == 1)


async def test_a_history_of_another_type_names_both() -> None:
    with pytest.raises(LabError, match=r"of the workflow type 'StagedWorkflow', but the code given is of 'Calm'\."):
        await replayed(CASES["calm"].workflow)


async def test_of_several_classes_the_one_of_the_historys_type_is_taken() -> None:
    trace = await record_replay(COMPLETED, workflows=[CASES["calm"].workflow, StagedWorkflow])
    assert trace.file == staged.__file__ and len(trace.steps) == 8


async def test_a_dynamic_workflow_takes_any_type() -> None:
    trace = await replayed(stubborn.AnyType, "signalled_after_crash")
    assert (trace.workflow_type, trace.file) == ("StagedWorkflow", stubborn.__file__)
    assert trace.failure is None and len(trace.steps) == 3


@pytest.mark.parametrize(
    ("workflows", "says"),
    [
        ([], "is a list of workflow classes"),
        (StagedWorkflow, "is a list of workflow classes"),
        (None, "is a list of workflow classes"),
        ([stubborn.NoWorkflow], "NoWorkflow is no workflow"),
        ([stubborn.Inherits], "Inherits is no workflow"),
        ([StagedWorkflow.run], "StagedWorkflow.run is no workflow"),
        ([5], "A int is no workflow"),
        ([stubborn.Prints, stubborn.Blocks], "Two of the classes given are of the workflow type 'StagedWorkflow'"),
    ],
)
async def test_what_is_no_workflow_is_refused_in_words(workflows: Any, says: str) -> None:
    with pytest.raises(LabError, match=says):
        await record_replay(COMPLETED, workflows=workflows)


def test_a_class_made_at_a_prompt_is_refused_with_what_to_do() -> None:
    code = (
        "import asyncio, stagedflow\n"
        "from temporalio import workflow\n"
        "@workflow.defn(name='StagedWorkflow')\n"
        "class Mine:\n"
        "    @workflow.run\n"
        "    async def run(self): pass\n"
        "try:\n"
        f"    asyncio.run(stagedflow.record_replay({str(COMPLETED)!r}, workflows=[Mine]))\n"
        "except stagedflow.LabError as error:\n"
        "    print(error)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert "put it into a module" in ended.stdout
    assert (ended.stderr, ended.returncode) == ("", 0)
