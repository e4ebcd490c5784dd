"""Code that did not yield: its lines, and a step for it if the recorder could give none."""

from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from typing import Any

from stagedflow.replay.events import event_type
from stagedflow.replay.history_index import with_tasks
from stagedflow.replay.recording.line_tracer import LineTracer, Site
from stagedflow.replay.recording.recorder import DEADLOCK
from stagedflow.replay.recovery import lines_text
from stagedflow.replay.saved.guarded_replay import Replayed, exception_in
from stagedflow.replay.trace import ReplayStep

_TAIL = 200
"""So many of the last lines are looked at to find those of a loop, or where the code stood still."""


def deadlock_text(steps: Sequence[ReplayStep]) -> str:
    """What happened in the last of these steps, where, and what to do."""
    lines = steps[-1].lines[-_TAIL:] if steps else ()
    where = ""
    if lines:
        lines = lines[lines.index(lines[-1]) :]  # what ran before the loop has ended
        file = lines[-1][0]
        numbers = sorted({line for name, line in lines if name == file})
        where = f" at {lines_text(numbers)} of {Path(file).name}"
    return (
        f"The code ran for 2 seconds without an await{where}: a deadlock to Temporal (TMPRL1101). "
        "Only `await` gives control back; long or blocking work belongs in an activity."
    )


def steps_of(replayed: Replayed, history: Sequence[Any], file: str) -> list[ReplayStep]:
    """The steps of a replay, the last one being that of the deadlock, if there was one.

    Code that does not end even when it is interrupted leaves no step; of one that was interrupted within Python's trace
    hook the recorder does not know it. Both are told by the stack that the SDK took before it interrupted.

    Args:
        replayed: The replay.
        history: The events, as protobuf messages.
        file: The workflow's file.
    """
    steps = replayed.steps
    if not replayed.deadlocked or (steps and steps[-1].failure):
        return steps
    lines = tuple(sites_of(exception_in(replayed.records), {file}))
    if steps and not steps[-1].commands and not steps[-1].waiting and set(lines[-1:]) <= set(steps[-1].lines[-_TAIL:]):
        return [*steps[:-1], replace(steps[-1], failure=DEADLOCK)]
    seen = max((s.event_ids[-1] for s in steps if s.event_ids), default=0)
    started = (task for e, task in with_tasks(history) if event_type(e) == "WORKFLOW_TASK_COMPLETED")
    replays_to = next((at for at in started if at > seen), None)
    brought = tuple(range(seen + 1, (replays_to or len(history)) + 1))
    unknown = ReplayStep(0, replays_to is not None, event_ids=brought, lines=lines, failure=DEADLOCK)
    return [*steps, unknown]


def sites_of(error: BaseException | None, files: Container[str]) -> list[Site]:
    """The lines of `files`, and of other modules of the learner's, on the stack of an exception; the innermost last."""
    wants = LineTracer("").wants
    stack = [(f.f_code, line) for f, line in walk_tb(error.__traceback__ if error else None)]
    return [(code.co_filename, line) for code, line in stack if code.co_filename in files or wants(code)]
