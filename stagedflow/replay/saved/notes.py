"""What a reader should know of a replay beside its steps, in sentences."""

import logging
from collections.abc import Sequence

from stagedflow.replay import _sdk
from stagedflow.replay.trace import Failure, ReplayStep, TraceEvent
from stagedflow.replay.words import one_line

_CLOSED = {
    f"WORKFLOW_EXECUTION_{how}"
    for how in ("COMPLETED", "FAILED", "CANCELED", "TERMINATED", "TIMED_OUT", "CONTINUED_AS_NEW")
}


def notes_of(
    steps: Sequence[ReplayStep],
    failure: Failure | None,
    records: Sequence[logging.LogRecord],
    events: Sequence[TraceEvent],
    first: str = "",
) -> tuple[str, ...]:
    """The notes of a trace, each once.

    Args:
        steps: Its steps.
        failure: Its failure, which needs no note.
        records: What the SDK's worker logged.
        events: The whole history.
        first: A note of the caller's own, or "".
    """
    notes = [first] if first else []
    if not steps and failure is None:
        started = any(event.type == "WORKFLOW_TASK_STARTED" for event in events)
        notes.append(
            "A worker has started a workflow task of this history, but the replay of it recorded no step."
            if started
            else "No workflow task of this history was started: no worker has run any of its code yet."
        )
    for record in records:
        text = record.getMessage()
        if text.startswith(_sdk.DROPPED_SIGNAL):
            name = one_line(text.removeprefix(_sdk.DROPPED_SIGNAL).partition(" on workflow ")[0], 100)
            notes.append(
                f"A signal {name} does not have the arguments that its handler's parameters ask for: "
                "the SDK dropped it."
            )
    if failure is None and steps and steps[-1].failure:
        notes.append(
            f"{_which(events)} fails with this code, too: {one_line(steps[-1].failure)}. {what_follows(events)}"
        )
    return tuple(dict.fromkeys(notes))


def what_follows(events: Sequence[TraceEvent]) -> str:
    """What becomes of a workflow task that failed at the end of history, in a sentence."""
    if events and events[-1].type in _CLOSED:
        return f"No worker tries it again: the workflow is closed ({events[-1].type})."
    return "A worker would try it again until the code is fixed."


def _which(events: Sequence[TraceEvent]) -> str:
    closed = events and events[-1].type in _CLOSED
    return "The last workflow task of history" if closed else "History ends with a workflow task that"
