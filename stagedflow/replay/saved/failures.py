"""Why a replay went no further, in plain words."""

import json
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from temporalio.workflow import NondeterminismError

from stagedflow.replay import _sdk
from stagedflow.replay.events import attributes, marker_data
from stagedflow.replay.saved.causes import causes
from stagedflow.replay.saved.deadlock import deadlock_text, sites_of
from stagedflow.replay.saved.guarded_replay import exception_in, text_of
from stagedflow.replay.saved.notes import what_follows
from stagedflow.replay.saved.parting import parting
from stagedflow.replay.saved.uncalled import Uncalled, uncalled
from stagedflow.replay.trace import Command, Failure, ReplayStep, TraceEvent
from stagedflow.replay.words import one_line

MAX_MESSAGE = 2_000
_MESSAGE = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
_PAST = {
    "schedule": "scheduled", "start": "started", "run": "ran", "send": "sent", "request": "requested",
    "record": "recorded", "set": "set", "cancel": "cancelled", "complete": "completed", "fail": "failed",
    "close": "closed", "continue": "continued", "accept": "accepted", "reject": "rejected",
}  # fmt: skip
_WHAT = {
    "ACTIVITY_TASK_SCHEDULED": "the activity {text}",
    "ACTIVITY_TASK_CANCEL_REQUESTED": "the cancellation of activity {text}",
    "TIMER_STARTED": "the timer of {text}",
    "TIMER_CANCELED": "the cancellation of the timer of {text}",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": "the acceptance of update {text}",
    "WORKFLOW_EXECUTION_UPDATE_COMPLETED": "the end of update {text}",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": "the child workflow {text}",
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": "the signal {text}",
    "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": "the cancellation of workflow {text}",
    "MARKER_RECORDED": "the marker of {text}",
    "NEXUS_OPERATION_SCHEDULED": "the nexus operation {text}",
    "NEXUS_OPERATION_CANCEL_REQUESTED": "the cancellation of nexus operation {text}",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": "the search attributes {text}",
    "WORKFLOW_PROPERTIES_MODIFIED": "a change of the {text}",
    "WORKFLOW_EXECUTION_COMPLETED": "the workflow's completion",
    "WORKFLOW_EXECUTION_FAILED": "the workflow's failure",
    "WORKFLOW_EXECUTION_CANCELED": "the workflow's end as cancelled",
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": "the workflow's continue-as-new",
}
_RULE = (
    "The code of a running workflow may not change which commands it makes, nor their order (TMPRL1100); other "
    "timeouts, task queues and arguments are no difference. "
    "Keep the old way for running workflows: `workflow.patched` tells them apart."
)


def failure_of(
    error: BaseException | None,
    steps: Sequence[ReplayStep],
    history: Sequence[Any],
    events: Sequence[TraceEvent],
    records: Sequence[logging.LogRecord] = (),
) -> Failure | None:
    """What made the replay fail, or None if it did not fail.

    Args:
        error: What the Replayer said.
        steps: The steps that were recorded, numbered.
        history: The events, as protobuf messages.
        events: The same as the trace keeps them.
        records: What the SDK's worker logged meanwhile: its exceptions still know their lines.
    """
    if error is None:
        return None
    raised = exception_in(records)
    message = one_line(temporals_words(error, raised), MAX_MESSAGE)
    step = steps[-1].index if steps else 0
    if isinstance(error, NondeterminismError):
        return _parted(message, steps, history, events)
    if isinstance(error, TimeoutError) or _sdk.DEADLOCK_CODE in message:
        text = deadlock_text(steps) if _sdk.DEADLOCK_CODE in message else f"{message} It was left to itself."
        return Failure("deadlock", text, step, message=message)
    if not sites_of(raised, _files(steps)) and (missed := uncalled(raised)):
        text = _uncalled_text(raised, missed, events)
        return Failure("raised", text, step, message=message, line=missed.line, file=missed.file)
    return Failure("raised", _raised_text(steps, raised, message, events), step, message=message)


def temporals_words(error: BaseException, raised: BaseException | None = None) -> str:
    """The message inside what the SDK's core says, without the structure around it."""
    if found := _MESSAGE.search(str(error)):
        text = found[1].replace("\\'", "'")  # Rust escapes what JSON does not
        try:
            text = re.sub(r"\\u\{([0-9a-fA-F]{1,6})\}", lambda m: json.dumps(chr(int(m[1], 16)))[1:-1], text)
            return str(json.loads(f'"{text}"'))
        except ValueError:
            return found[1]
    return text_of(raised) if isinstance(error, TimeoutError) and raised else str(error)


def up_to_the_parting(steps: Sequence[ReplayStep], failure: Failure | None) -> tuple[ReplayStep, ...]:
    """The steps up to that at which code and history parted, with no event said to match the command made there.

    The SDK's core notices some time later, when history's next event fits nothing: what ran in between is no replay.
    """
    if failure is None or failure.kind != "nondeterminism":
        return tuple(steps)
    steps = [step for step in steps if step.index <= failure.step]
    if failure.actual is None:
        return tuple(steps)
    parted = False
    kept = []
    for step in steps:
        commands = []
        for command in step.commands:
            unmatched = replace(command, event_id=None)
            parted = parted or (step.index == failure.step and unmatched == failure.actual)
            commands.append(unmatched if parted else command)
        kept.append(replace(step, commands=tuple(commands)))
    return tuple(kept)


def _parted(message: str, steps: Sequence[ReplayStep], history: Sequence[Any], events: Sequence[TraceEvent]) -> Failure:
    try:
        found = parting(steps, history, message)
    except Exception:  # telling where must not hide that
        found = None
    if found is None:
        text = f"Code and history part: {message}"
        return Failure("nondeterminism", text, steps[-1].index if steps else 0, message=message)
    expected = events[found.event - 1] if found.event else None
    made = _did(found.command) if found.command else f"made no such command{_waits(steps, found.step)}"
    if expected and not found.surplus:
        text = f"At event {expected.id} history has {_holds(expected, history)}, but this code {made}"
        text += " instead." if found.command else "."
    elif expected:
        what = _holds(expected, history)
        lacks = "holds only later" if found.later else "does not hold"
        text = f"This code {made}, which history {lacks}: its next one is {what}, event {expected.id}."
    else:
        text = f"This code {made}, which history does not hold."
    with suppress(Exception):  # nor may telling why hide where
        text = " ".join(filter(None, (text, causes(found, steps, history))))
    actual = replace(found.command, event_id=None) if found.command else None
    return Failure("nondeterminism", f"{text} {_RULE}", found.step, expected, actual, message)


def _holds(event: TraceEvent, history: Sequence[Any]) -> str:
    body = attributes(history[event.id - 1])
    text = event.text
    if event.type == "ACTIVITY_TASK_SCHEDULED":
        text = body.activity_type.name
    if event.type == "MARKER_RECORDED" and (local := marker_data(body).get("activity_type")):
        text = f"local activity {local}"
    what = _WHAT.get(event.type, "").format(text=one_line(text)) or "the event"
    return f"{what} ({event.type})"


def _did(command: Command) -> str:
    verb, _, rest = command.text.partition(" ")
    article = {"timer": "a ", "signal": "the ", "activity": "the ", "child": "the ", "local": "the ", "nexus": "the "}
    noun = rest.partition(" ")[0]
    rest = rest.replace("timer ", "timer of ", 1) if noun == "timer" else rest
    did = one_line(f"{_PAST.get(verb, verb)} {article.get(noun, '')}{rest}".rstrip())
    if command.kind == "start_child_workflow_execution":  # Temporal compares its id, too
        did = one_line(f"{did} {command.key.split(':', 2)[2]}")
    if command.kind == "fail_workflow_execution":
        did = did.replace(": ", " with “", 1) + "”"
    return did + _at(command.line, command.file, did)


def _at(line: int | None, file: str, told: str = "") -> str:
    """Where, unless it was told."""
    return f" at line {line}{_of(file)}" if line and f":{line}" not in told else ""


def _of(file: str) -> str:
    return f" of {Path(file).name}" if file else ""


def _waits(steps: Sequence[ReplayStep], index: int) -> str:
    waiting = next((s.waiting for s in steps if s.index == index), ())
    if not waiting:
        return ""
    first = waiting[0]
    return f": it waits for {first.text}{_at(first.line, first.file, first.text)}"


def _cause(raised: BaseException) -> str:
    """What the SDK's own words leave out: an argument that does not fit is only named in the cause."""
    cause = raised.__cause__
    return f" ({type(cause).__name__}: {text_of(cause)})" if cause else ""


def _raised_text(
    steps: Sequence[ReplayStep], raised: BaseException | None, message: str, events: Sequence[TraceEvent]
) -> str:
    # The log still has the exception, unless somebody has silenced it.
    known = steps[-1].failure if steps and steps[-1].failure else message
    what = one_line(f"{type(raised).__name__}: {text_of(raised)}{_cause(raised)}" if raised else known)
    if not (steps and steps[-1].failure):
        return f"A workflow task failed before the workflow's code came to run: {what}"
    lines = sites_of(raised, _files(steps)) or steps[-1].lines
    file, line = lines[-1] if lines else ("", None)
    return f"The code raised {what}{_at(line, file)}. {_task_failed(events)}"


def _uncalled_text(raised: BaseException | None, missed: Uncalled, events: Sequence[TraceEvent]) -> str:
    what = one_line(f"{type(raised).__name__}: {text_of(raised)}")
    held = f"{missed.given} argument{'' if missed.given == 1 else 's'}"
    return (
        f"The code raised {what}{_at(missed.line, missed.file)}, where it is defined: history holds {held} for it. "
        f"{_task_failed(events)}"
    )


def _task_failed(events: Sequence[TraceEvent]) -> str:
    """What a failed workflow task means for this workflow."""
    follows = what_follows(events)
    then = f": a{follows[1:]}" if follows.startswith("A ") else f". {follows}"
    return f"That fails the workflow task, not the workflow{then}"


def _files(steps: Sequence[ReplayStep]) -> set[str]:
    return {file for step in steps for file, _ in step.lines}
