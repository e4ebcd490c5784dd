"""Where the code's commands part from history's events: the first pair of them that is not the same."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.events import attributes, event_type, marker_id
from stagedflow.replay.matching import MADE_BY, UPDATES, update_id
from stagedflow.replay.recording.jobs import CLOSING
from stagedflow.replay.trace import Command, ReplayStep

_NO_ORDER = {"set_patch_marker", "schedule_local_activity"}
"""Commands whose marker has no fixed place: an old patch may be left out, a local activity is recorded when it ends."""
_CANCELS = {
    "cancel_timer": "start_timer",
    "request_cancel_activity": "schedule_activity",
    "cancel_child_workflow_execution": "start_child_workflow_execution",
    "cancel_signal_workflow": "signal_external_workflow_execution",
    "request_cancel_nexus_operation": "schedule_nexus_operation",
}
_SDK_MARKERS = {_sdk.PATCH_MARKER, _sdk.LOCAL_ACTIVITY_MARKER}
_EVENT_ID = re.compile(r"HistoryEvent\s*[({]\s*(?:event_)?id: (\d+)")


@dataclass(frozen=True)
class Parting:
    """The first command and event that do not fit.

    Attributes:
        step: The index of the step that made the command, or of the one that should have.
        command: What the code did, or None if it did nothing more.
        event: The id of the event that history holds, or None if it holds nothing more.
        surplus: True if the workflow task in history ended before this command: `event` is then of a later one.
    """

    step: int
    command: Command | None
    event: int | None
    surplus: bool = False


def parting(steps: Sequence[ReplayStep], history: Sequence[Any], message: str = "") -> Parting | None:
    """The first place at which commands and events do not fit, or None if that cannot be told.

    Temporal compares them one workflow task at a time, in order, by their kind, and activities and child workflows by
    their type, too; child workflows also by their id.

    Args:
        steps: The steps of the replay, up to the trouble.
        history: The events, as protobuf messages of Temporal's API.
        message: Temporal's own words: they name the event where the comparison finds none.
    """
    told = int(found[1]) if (found := _EVENT_ID.search(message)) and int(found[1]) <= len(history) else None
    tasks = _tasks(history)
    first = None
    for started, made in _made(steps).items():
        if started in tasks and (first := _first_difference(made, tasks[started], history)):
            break
    if first is None:
        last = next((s.index for s in reversed(steps) if not s.query), None)
        return Parting(last, None, told) if told and last is not None else None
    if first.event is None:
        following = (e for at in sorted(tasks) if at > _start_of(steps, first.step) for e in tasks[at])
        return Parting(first.step, first.command, told or next(following, None), surplus=True)
    return first


def _made(steps: Iterable[ReplayStep]) -> dict[int, list[tuple[int, Command]]]:
    """Start of the workflow task -> the commands made by it, each with its step; a step alone is one without any."""
    found: dict[int, list[tuple[int, Command]]] = {}
    started = 0
    for step in steps:
        if step.query:
            continue
        started = step.event_ids[-1] if step.event_ids else started
        made = found.setdefault(started, [])
        made.append((step.index, _NOTHING))
        made.extend((step.index, command) for command in step.commands)
    return found


_NOTHING = Command("", "")


def _start_of(steps: Sequence[ReplayStep], index: int) -> int:
    return next((s.event_ids[-1] for s in reversed(steps[: index + 1]) if s.event_ids), 0)


def _tasks(history: Sequence[Any]) -> dict[int, list[int]]:
    """Start of each completed workflow task -> the events that its commands made, in order."""
    completed: dict[int, int] = {}
    found: dict[int, list[int]] = {}
    for event in history:
        kind, body = event_type(event), attributes(event)
        if kind == "WORKFLOW_TASK_COMPLETED":
            completed[event.event_id] = body.started_event_id
            found[body.started_event_id] = []
        elif kind in MADE_BY.values() and not _made_by_the_sdk(kind, body):
            found[completed[body.workflow_task_completed_event_id]].append(event.event_id)
        elif kind in UPDATES.values() and completed:  # it does not say by which task; it follows it at once
            found[next(reversed(completed.values()))].append(event.event_id)
    return found


def _made_by_the_sdk(kind: str, body: Any) -> bool:
    """Events without a command of their own, or with one that has no fixed place."""
    if kind == "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":
        return set(body.search_attributes.indexed_fields) == {"TemporalChangeVersion"}
    return kind == "MARKER_RECORDED" and marker_id(body)[0] in _SDK_MARKERS


def _first_difference(made: list[tuple[int, Command]], events: list[int], history: Sequence[Any]) -> Parting | None:
    commands = _in_order(made)
    left = [history[event - 1] for event in events]
    for step, command in commands:
        if left and _fits(command, left[0]):
            left.pop(0)
        elif command.kind in _CANCELS and MADE_BY[command.kind] not in map(event_type, left):
            continue  # one that is only given up, or has ended already, makes no event
        else:
            return Parting(step, command, left[0].event_id if left else None)
    if not left:
        return None
    rejection = f"update:reject:{update_id(left[0])}"
    step, instead = next(((step, c) for step, c in made if c.key == rejection), (made[-1][0], None))
    return Parting(step, instead, left[0].event_id)


def _in_order(made: list[tuple[int, Command]]) -> list[tuple[int, Command]]:
    """Those that must be in history, as the SDK's core sends them: the first that closes the workflow comes last."""
    commands = [(step, c) for step, c in made if _makes(c) and c.kind not in _NO_ORDER]
    begun = {_begun(c) for _, c in commands if c.kind in _CANCELS.values()}
    # What is asked for and taken back within one workflow task never reaches the server.
    undone = (begun & {_begun(c) for _, c in commands if c.kind in _CANCELS}) - {""}
    commands = [(step, c) for step, c in commands if _begun(c) not in undone]
    closing = [(step, c) for step, c in commands if c.kind in CLOSING]
    return [*((step, c) for step, c in commands if c.kind not in CLOSING), *closing[:1]]


def _begun(command: Command) -> str:
    return ":".join(command.key.split(":")[:2]) if command.kind in {*_CANCELS, *_CANCELS.values()} else ""


def _makes(command: Command) -> str | None:
    """The type of event that the command makes, if any."""
    if command.kind == "update_response":
        return UPDATES.get(command.key.split(":", 2)[1])
    return MADE_BY.get(command.kind)


def _fits(command: Command, event: Any) -> bool:
    if _makes(command) != event_type(event):
        return False
    body = attributes(event)
    match command.kind:
        case "update_response":
            return command.key.split(":", 2)[2] == update_id(event)
        case "schedule_activity":
            return command.text == f"schedule activity {body.activity_type.name}"
        case "start_child_workflow_execution":
            same_type = command.text == f"start child workflow {body.workflow_type.name}"
            return same_type and command.key.partition(":")[2].partition(":")[2] == str(body.workflow_id)
    return True
