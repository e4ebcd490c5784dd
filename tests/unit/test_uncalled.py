"""Handlers and `run` with other parameters than history has arguments for: told with the line of their `def`."""

import gc
import warnings
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio import workflow

from stagedflow import ReplayTrace, record_replay
from stagedflow.replay.saved.uncalled import uncalled
from stagedflow.widgets.viewer.data import encode
from tests.histories import event
from tests.histories import history as numbered


def history(*signals: str) -> dict[str, Any]:
    """Signals with one argument each, before the first workflow task, which a worker has completed."""
    payload = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}]}
    start = {"workflowType": {"name": "StartedBySignal"}, "taskQueue": {"name": "q"}, "workflowId": "w"}
    begun = len(signals) + 3
    return numbered(
        event("WORKFLOW_EXECUTION_STARTED", input=payload, originalExecutionRunId="r", **start),
        *(event("WORKFLOW_EXECUTION_SIGNALED", signalName=name, input=payload) for name in signals),
        event("WORKFLOW_TASK_SCHEDULED"),
        event("WORKFLOW_TASK_STARTED", scheduledEventId=str(begun - 1)),
        event("WORKFLOW_TASK_COMPLETED", scheduledEventId=str(begun - 1), startedEventId=str(begun)),
    )


@workflow.defn(name="StartedBySignal")
class MoreParameters:
    def __init__(self) -> None:
        self._exit = False

    @workflow.run
    async def run(self, what: int) -> None:
        workflow.set_signal_handler("late", later)
        await workflow.wait_condition(lambda: self._exit)

    @workflow.signal
    async def waits(self, stage: int, who: str) -> None:
        self._exit = True

    @workflow.signal
    def plain(self, stage: int, who: str) -> None:
        self._exit = True

    @workflow.signal
    def raises(self, stage: int) -> None:
        [].append()  # type: ignore[call-arg]


def later(stage: int, who: str) -> None:
    pass


@workflow.defn(name="StartedBySignal")
class MoreOfRun:
    @workflow.run
    async def run(self, what: int, where: str) -> None:
        pass


def line_of(trace: ReplayTrace, text: str) -> int:
    return next(n for n, line in enumerate(trace.sources[trace.file].splitlines(), 1) if line.strip().startswith(text))


@pytest.mark.parametrize(
    ("cls", "signals", "definition"),
    [
        (MoreParameters, ["waits"], "async def waits"),
        (MoreParameters, ["plain"], "def plain"),
        (MoreParameters, ["late"], "def later"),
        (MoreOfRun, [], "async def run(self, what: int, where: str)"),
    ],
)
async def test_what_cannot_be_called_is_told_with_the_line_of_its_def(
    cls: type, signals: Sequence[str], definition: str
) -> None:
    trace = await record_replay(history(*signals), workflows=[cls])
    assert trace.failure and trace.failure.kind == "raised"
    line = line_of(trace, definition)
    assert f"at line {line} of test_uncalled.py, where it is defined: history holds 1 argument" in trace.failure.text
    assert (trace.failure.file, trace.failure.line) == (trace.file, line)
    assert encode(trace)["failure"]["line"] == line
    assert ReplayTrace.from_json(trace.to_json()) == trace


async def test_a_handler_that_raises_the_like_itself_is_told_with_its_own_line() -> None:
    trace = await record_replay(history("raises"), workflows=[MoreParameters])
    assert trace.failure and trace.failure.line is None
    assert f"at line {line_of(trace, '[].append()')} of test_uncalled.py. That fails" in trace.failure.text


async def test_handlers_that_never_began_leave_no_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await record_replay(history("waits", "plain", "waits"), workflows=[MoreParameters])
        gc.collect()
    assert [str(w.message) for w in caught if "never awaited" in str(w.message)] == []


def test_another_error_is_none_of_these() -> None:
    assert uncalled(None) is None
    assert uncalled(TypeError("raised nowhere")) is None
    assert uncalled(ValueError("of another kind")) is None
