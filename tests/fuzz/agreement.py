"""What holds for any history and code: never a traceback, a wrong verdict, or the name of a line that did not run."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from stagedflow.background import quiet_runtime
from stagedflow.commands.replay import tell
from stagedflow.errors import LabError
from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import ReplayTrace

LEFT = "It was left to itself."
BARE_SECONDS = 20
"""How long Temporal's own Replayer is given: there are histories at which it waits for ever."""
_LINE = re.compile(r"at line (\d+)(?: of (\w+\.py))?")


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes:
        kind: "refused", "fits", "nondeterminism" or "raised"; "stood in" where our replay goes on with a stand-in for a
            payload at which Temporal's fails; "unknown" where Temporal's Replayer gave no
            verdict of its own, or one that depends on the clock.
        text: What a person is told.
    """

    kind: str
    text: str = ""


async def outcome_of(text: str, workflow: type[Any]) -> Outcome:
    """Replay a history in both ways, and hold the one against the other.

    Args:
        text: The history, as JSON.
        workflow: The class to replay it against.

    Raises:
        AssertionError: They differ, or what a person is told is not true.
    """
    try:
        trace = await record_replay(text, workflows=[workflow])
    except LabError as error:
        told = str(error)
        assert told.strip() and "Traceback" not in told and "\x00" not in told, told
        return Outcome("refused", told)
    assert ReplayTrace.from_json(trace.to_json()).to_json() == trace.to_json()
    assert "Traceback" not in tell(trace, table=True)
    kind = trace.failure.kind if trace.failure else "fits"
    told = trace.failure.text if trace.failure else ""
    _told_lines_ran(trace)
    if told.endswith(LEFT):
        return Outcome("unknown", told)
    bare = await bare_verdict(text, workflow)
    if "unknown" in (bare, kind) or "deadlock" in (bare, kind):
        return Outcome("unknown", told)
    if bare == "raised" and any("stand-in" in note for note in trace.notes):
        return Outcome("stood in", told)  # a payload that nobody can decode: the replay goes on, and says with what
    assert kind == bare, f"{kind} where Temporal's Replayer gives {bare}: {told}"
    return Outcome(kind, told)


async def bare_verdict(text: str, workflow: type[Any]) -> str:
    """What Temporal's Replayer says by itself, in the words of `Failure.kind`."""
    try:
        history = WorkflowHistory.from_json("", text)
        newest_first = len(history.events) > 1 and history.events[0].event_id > history.events[-1].event_id
        events = history.events[::-1] if newest_first else history.events  # as some tools show it
        started = events[0].workflow_execution_started_event_attributes
        if not started.workflow_id:  # children are named after it, so there the verdict depends on what we guess
            return "unknown"
        history = WorkflowHistory(started.workflow_id, events)
        replayer = Replayer(workflows=[workflow], runtime=quiet_runtime())
        running = asyncio.ensure_future(replayer.replay_workflow(history, raise_on_replay_failure=False))
        # Not `wait_for`: a Replayer that hangs may not end when it is cancelled either.
        await asyncio.wait({running}, timeout=BARE_SECONDS)
        error = running.result().replay_failure
    except Exception:  # it cannot read what we can, or does not end: that is no verdict
        return "unknown"
    if error is None:
        return "fits"
    if isinstance(error, NondeterminismError):
        return "nondeterminism"
    return "deadlock" if "TMPRL1101" in str(error) else "raised"


def _told_lines_ran(trace: ReplayTrace) -> None:
    """Each line that the failure names is one that some step ran, or the head of a function."""
    if trace.failure is None:
        return
    ran = {(Path(file).name, line) for step in trace.steps for file, line in step.lines}
    for number, file in _LINE.findall(trace.failure.text):
        name = file or Path(trace.file).name
        sources = [text for path, text in trace.sources.items() if Path(path).name == name]
        heads = [text.splitlines()[int(number) - 1].strip() for text in sources]
        is_head = any(head.startswith(("def ", "async def ")) for head in heads)
        assert (name, int(number)) in ran or is_head, f"line {number} of {name} did not run: {trace.failure.text}"
