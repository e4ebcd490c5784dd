"""What is known of why code and history part: said where it can be read off both, else nothing."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.events import attributes, event_type, marker_data
from stagedflow.replay.recording.line_tracer import MAX_SIDE_EFFECTS
from stagedflow.replay.saved.parting import Parting
from stagedflow.replay.trace import Command, ReplayStep, SideEffect
from stagedflow.replay.values.safe_text import safe_text
from stagedflow.replay.words import one_line

_PATCH = re.compile(r"workflow\.patched\((.*)\) = False")


def causes(found: Parting, steps: Sequence[ReplayStep], history: Sequence[Any]) -> str:
    """Sentences on a removed or renamed patch, on numbers that have moved, and on the order of local activities; or "".

    Args:
        found: Where code and history part.
        steps: The steps of the replay.
        history: The events, as protobuf messages.
    """
    if found.event is None:
        return ""
    event = history[found.event - 1]
    body = attributes(event)
    data = marker_data(body) if event_type(event) == "MARKER_RECORDED" else {}
    if data and body.marker_name == _sdk.PATCH_MARKER:
        return " ".join(_of_patch(str(data["id"]), [s for s in steps if s.index <= found.step], history))
    if data and found.command and found.command.kind == "schedule_local_activity":
        return _of_local(found.command, data, history)
    if found.command and found.command.kind == "schedule_activity" and event_type(event) == "ACTIVITY_TASK_SCHEDULED":
        return _of_id(found.command, str(body.activity_id))
    return ""


def _of_patch(id: str, steps: Sequence[ReplayStep], history: Sequence[Any]) -> Iterator[str]:
    asked = [effect for step in steps for effect in step.side_effects if effect.kind in ("patched", "deprecate_patch")]
    if any(step.cut or len(step.side_effects) >= MAX_SIDE_EFFECTS for step in steps):
        return  # it may have asked where nobody looked
    if any(f"({safe_text(id)})" in effect.text for effect in asked):
        return
    yield (
        f"By there this code has not asked for the patch {one_line(id)} any more: a patch that history holds may go "
        "only when `workflow.deprecate_patch` has stood in its place."
    )
    for effect in asked:
        if other := _PATCH.fullmatch(effect.text):
            yield (
                f"It asks for {other[1]}{_at(effect)}, which history does not hold: if that is the same patch, to "
                "Temporal a patch with another name is another patch."
            )


def _at(effect: SideEffect) -> str:
    return f" at line {effect.line} of {Path(effect.file).name}" if effect.line else ""


def _of_local(command: Command, data: dict[str, Any], history: Sequence[Any]) -> str:
    """Where history holds the command's local activity under another number."""
    _, number, own = command.key.split(":", 2)
    name = command.text.removeprefix("run local activity ")
    if name == data.get("activity_type"):
        return f"Its id is {one_line(own)} here, and {one_line(str(data.get('activity_id')))} in history."
    markers = [marker_data(attributes(e)) for e in history if event_type(e) == "MARKER_RECORDED"]
    others = [str(m["seq"]) for m in markers if m.get("activity_type") == name and str(m.get("seq")) != number]
    if not others:
        return ""
    return (
        f"Temporal numbers activities in the order in which the code starts them. History holds the local activity "
        f"{name} as number {', '.join(others)}; this code starts it as number {number}."
    )


def _of_id(command: Command, held: str) -> str:
    """Where the ids of two activities differ."""
    _, number, own = command.key.split(":", 2)
    if own == held:
        return ""
    text = f"Its id is {one_line(own)} here, and {one_line(held)} in history."
    if own == number and held.isdecimal():
        text += (
            " An activity to which the code gives no id has its number: they are numbered in the order in which the "
            "code starts them, local ones included."
        )
    return text
