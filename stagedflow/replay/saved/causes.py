"""What is known of why code and history part: said where it can be read off both, else nothing."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import temporalio

from stagedflow.replay import _sdk
from stagedflow.replay.events import attributes, event_type, marker_data
from stagedflow.replay.history_index import MADE_BY, with_tasks
from stagedflow.replay.recording.line_tracer import MAX_SIDE_EFFECTS
from stagedflow.replay.saved.parting import Parting
from stagedflow.replay.saved.set_order import set_loop
from stagedflow.replay.sources import read_sources
from stagedflow.replay.trace import Command, ReplayStep, SideEffect
from stagedflow.replay.values.safe_text import safe_text
from stagedflow.replay.words import one_line

_PATCH = re.compile(r"workflow\.patched\((.*)\) = False")
_UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DRAWS = ("uuid4", "random")
_ONE_GENERATOR = (
    "All of a workflow's draws come from one seeded generator: one that is added, removed or moved changes each later "
    "one."
)


def causes(found: Parting, steps: Sequence[ReplayStep], history: Sequence[Any]) -> str:
    """Sentences on a removed or renamed patch, on numbers, draws and commands that have moved, on flags; or "".

    Args:
        found: Where code and history part.
        steps: The steps of the replay.
        history: The events, as protobuf messages.
    """
    told = _of_event(found, steps, history) or _of_draws(found, steps, history)
    return " ".join(filter(None, (told, _of_order(found, steps, history), _of_flags(history))))


def _of_event(found: Parting, steps: Sequence[ReplayStep], history: Sequence[Any]) -> str:
    """What the event itself shows."""
    if found.event is None:
        return ""
    event = history[found.event - 1]
    body = attributes(event)
    data = marker_data(body) if event_type(event) == "MARKER_RECORDED" else {}
    if data and body.marker_name == _sdk.PATCH_MARKER:
        return " ".join(_of_patch(str(data["id"]), [s for s in steps if s.index <= found.step], history))
    if data and found.command and found.command.kind == "schedule_local_activity":
        return _of_local(found.command, data, history)
    if found.command and MADE_BY.get(found.command.kind) == event_type(event) and (held := _held_id(event)):
        return _of_id(found.command, held, steps)
    return ""


def _held_id(event: Any) -> str:
    """The id that a workflow's code may choose."""
    body = attributes(event)
    match event_type(event):
        case "ACTIVITY_TASK_SCHEDULED":
            return str(body.activity_id)
        case "START_CHILD_WORKFLOW_EXECUTION_INITIATED":
            return str(body.workflow_id)
        case "TIMER_STARTED":
            return str(body.timer_id)
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


def _of_id(command: Command, held: str, steps: Sequence[ReplayStep]) -> str:
    """Where the ids of two activities, child workflows or timers differ."""
    _, number, own = command.key.split(":", 2)
    if own == held:
        return ""
    text = f"Its id is {one_line(own)} here, and {one_line(held)} in history."
    uuids = set(_UUIDS.findall(held))
    draws = (e for s in steps for e in s.side_effects if e.kind == "uuid4")
    if drawn := next((e for e in draws if not uuids.isdisjoint(_UUIDS.findall(e.text))), None):
        text += f" What history has there, this code draws by `workflow.uuid4()`{_at(drawn)}. {_ONE_GENERATOR}"
    if command.kind == "start_timer":
        text += (
            " Temporal numbers timers in the order in which the code starts them. One counts, too, that is taken back "
            "at once, as that of a `wait_condition(..., timeout=...)` whose condition holds already."
        )
    if command.kind == "schedule_activity" and own == number and held.isdecimal():
        text += (
            " An activity to which the code gives no id has its number: they are numbered in the order in which the "
            "code starts them, local ones included."
        )
    return text


def _of_draws(found: Parting, steps: Sequence[ReplayStep], history: Sequence[Any]) -> str:
    """Where the code has drawn before, and history has another command of the same kind."""
    if found.event is None or not found.command:
        return ""
    if MADE_BY.get(found.command.kind) != event_type(history[found.event - 1]):
        return ""
    drawn = [e for s in steps if s.index <= found.step for e in s.side_effects if e.kind in _DRAWS]
    if not drawn:
        return ""
    return f"This code has drawn by `workflow.{drawn[-1].kind}()`{_at(drawn[-1])} before. {_ONE_GENERATOR}"


def _of_order(found: Parting, steps: Sequence[ReplayStep], history: Sequence[Any]) -> str:
    """Where a workflow task makes what history holds of it in another order, or the command's loop is over a set."""
    if found.event is None or not found.command:
        return ""
    told = []
    tasks = list(with_tasks(history))
    task = tasks[found.event - 1][1]
    held = [_named(event) for event, started in tasks if started == task and event_type(event) in MADE_BY.values()]
    ran = [s for s in steps if not s.query and s.event_ids[-1:] == (task,)]
    made = [_asked(c) for s in ran for c in s.commands if c.kind in MADE_BY]
    if made != held and sorted(made) == sorted(held):
        names = ", ".join(one_line(name or kind) for kind, name in held)
        told.append(f"This workflow task makes the same commands as in history, in another order: there it is {names}.")
    file, line = found.command.file, found.command.line
    if line and (loop := set_loop(read_sources([file]).get(file, ""), line)):
        told.append(
            f"Line {loop} of {Path(file).name} loops over a set, and the order of a set of strings is another one in "
            "another process: go through `sorted(...)` of it."
        )
    return " ".join(told)


def _named(event: Any) -> tuple[str, str]:
    """The type of an event, and the name of what was started."""
    body, kind = attributes(event), event_type(event)
    match kind:
        case "ACTIVITY_TASK_SCHEDULED":
            return kind, str(body.activity_type.name)
        case "START_CHILD_WORKFLOW_EXECUTION_INITIATED":
            return kind, str(body.workflow_type.name)
        case "MARKER_RECORDED":
            return kind, str(marker_data(body).get("activity_type", marker_data(body).get("id", "")))
    return kind, ""


def _asked(command: Command) -> tuple[str, str]:
    """The same of a command."""
    named = ("schedule activity ", "start child workflow ", "run local activity ", "record patch ")
    name = next((command.text.removeprefix(verb) for verb in named if command.text.startswith(verb)), "")
    return MADE_BY[command.kind], name


def _of_flags(history: Sequence[Any]) -> str:
    """Where the worker that recorded history behaved as this SDK cannot."""
    metadata = [attributes(e).sdk_metadata for e in history if event_type(e) == "WORKFLOW_TASK_COMPLETED"]
    unknown = sorted({flag for told in metadata for flag in told.lang_used_flags} - _sdk.LOGIC_FLAGS)
    if not unknown:
        return ""
    return (
        f"History was recorded with the SDK's flag {', '.join(map(str, unknown))} (`langUsedFlags`), which "
        f"temporalio {temporalio.__version__} does not know: another release or another SDK may run the same code "
        "in another order."
    )
