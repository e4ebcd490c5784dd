"""Where the code's commands part from history's events: the first pair of them that is not the same."""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.events import attributes, event_type, marker_data
from stagedflow.replay.history_index import MADE_BY, UPDATES, update_id, with_tasks
from stagedflow.replay.matching import CANCELS
from stagedflow.replay.recording.jobs import CLOSING
from stagedflow.replay.trace import Command, ReplayStep

_EVENT_ID = re.compile(r"HistoryEvent\s*[({]\s*(?:event_)?id: (\d+)")


@dataclass(frozen=True)
class Parting:
    """The first command and event that do not fit.

    Attributes:
        step: The index of the step that made the command, or of the one that should have.
        command: What the code did, or None if it did nothing more.
        event: The id of the event that history holds, or None if it holds nothing more.
        surplus: True if the workflow task in history ended before this command: `event` is then of a later one.
        later: True if history holds an event that would fit the command, but behind `event`.
    """

    step: int
    command: Command | None
    event: int | None
    surplus: bool = False
    later: bool = False


def parting(steps: Sequence[ReplayStep], history: Sequence[Any], message: str = "") -> Parting | None:
    """The first place at which commands and events do not fit, or None if that cannot be told.

    Args:
        steps: The steps of the replay, up to the trouble.
        history: The events, as protobuf messages of Temporal's API.
        message: Temporal's own words. Where they name an event, no other one is named here.
    """
    told = int(found[1]) if (found := _EVENT_ID.search(message)) and int(found[1]) <= len(history) else None
    if other := _other_timer(steps, history, message):
        return other
    for flags in (True, False):
        first = _Comparison(steps, history, by_flags=flags).first()
        if first and first.event is None:
            return Parting(first.step, first.command, told, surplus=True)
        if first and told in (None, first.event):
            return first
    last = next((s.index for s in reversed(steps) if not s.query), None)
    if told and last is not None and _sdk.NO_COMMAND in message:
        return Parting(last, None, told)
    return None


def _other_timer(steps: Sequence[ReplayStep], history: Sequence[Any], message: str) -> Parting | None:
    """Where a timer of the code's took the event of a timer with another id."""
    if not (ids := re.search(_sdk.WRONG_TIMER, message)):
        return None
    made = ((s.index, c) for s in steps for c in s.commands if c.kind == "start_timer" and c.key.endswith(f":{ids[1]}"))
    started = (e.event_id for e in history if event_type(e) == "TIMER_STARTED" and attributes(e).timer_id == ids[2])
    step, command = next(made, (None, None))
    event = next(started, None)
    return None if step is None or event is None else Parting(step, command, event)


@dataclass(frozen=True)
class _Made:
    """A command, and the step and the workflow task that made it."""

    command: Command
    step: int
    task: int

    @property
    def kind(self) -> str:
        return self.command.kind

    @property
    def asked(self) -> str:
        return ":".join(self.command.key.split(":", 2)[:2])

    @property
    def id(self) -> str:
        return (*self.command.key.split(":", 2), "", "")[2]


class _Comparison:
    """Goes through history as the SDK's core does: commands wait in one queue, and each event takes the first.

    A command may wait for longer than the workflow task that made it. Local activities stand beside the queue: their
    marker is found by its number. A patch's marker may be left out by the code if it is deprecated, and by history
    always.

    Args:
        steps: The steps of the replay.
        history: The events.
        by_flags: Compare ids and types, too, if history's flags say that its worker did. Without, only kinds.
    """

    def __init__(self, steps: Sequence[ReplayStep], history: Sequence[Any], *, by_flags: bool) -> None:
        self._steps = deque(step for step in steps if not step.query)
        self._history = history
        self._by_flags = by_flags
        self._flags: set[int] = set()
        self._queue: deque[_Made] = deque()
        self._local: dict[str, _Made] = {}
        self._all: list[_Made] = []
        self._last = self._began = 0

    def first(self) -> Parting | None:
        """The first pair that does not fit, or the first command that history holds nothing for; or None."""
        events: list[Any] = []
        task = 0
        for event, started in with_tasks(self._history):
            if event_type(event) == "WORKFLOW_TASK_COMPLETED":
                self._flags.update(attributes(event).sdk_metadata.core_used_flags)
                self._take(started)
                task = started
                events = [e for e in self._behind(event) if self._needs_command(e)]
            elif task and self._needs_command(event):
                if found := self._compare(event, task, [event_type(e) for e in events]):
                    return found
                events = events[1:]
        rest = (made for made in self._queue if made.kind not in {*CANCELS, "set_patch_marker"})
        return Parting(left.step, left.command, None, surplus=True) if (left := next(rest, None)) else None

    def _behind(self, completed: Any) -> list[Any]:
        """The events between the end of a workflow task and the next."""
        behind = []
        for event in self._history[completed.event_id :]:
            if event_type(event) == "WORKFLOW_TASK_COMPLETED":
                break
            behind.append(event)
        return behind

    def _take(self, started: int) -> None:
        """Put the commands of a workflow task into the queue: the first that closes the workflow comes last."""
        closing: list[_Made] = []
        while self._steps and (at := (self._steps[0].event_ids or (self._began,))[-1]) <= started:
            step = self._steps.popleft()
            self._began, self._last = at, step.index
            for made in (_Made(command, step.index, started) for command in step.commands):
                self._all.append(made)
                if made.kind == "schedule_local_activity":
                    self._local[made.asked.partition(":")[2]] = made
                elif made.kind in CANCELS and (taken_back := self._waits(CANCELS[made.kind], made.asked)):
                    self._queue.remove(taken_back)
                elif made.kind in CLOSING:
                    closing.append(made)
                    if _sdk.MOVES_CLOSING not in self._flags:
                        break
                elif _makes(made.command):
                    self._queue.append(made)
        if not any(made.kind in CLOSING for made in self._queue):
            self._queue.extend(closing[:1])

    def _waits(self, kind: str, asked: str) -> _Made | None:
        return next((made for made in self._queue if made.kind == kind and made.asked == asked), None)

    def _needs_command(self, event: Any) -> bool:
        kind = event_type(event)
        if kind == "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":  # the SDK adds one of its own to a patch
            return set(attributes(event).search_attributes.indexed_fields) != {"TemporalChangeVersion"}
        return kind in MADE_BY.values() or kind in UPDATES.values()

    def _compare(self, event: Any, task: int, types: Sequence[str]) -> Parting | None:
        """Take the event's command, or tell that there is none.

        Args:
            event: The next event that a command made.
            task: The start of its workflow task.
            types: The types of this and the following ones of its task.
        """
        name = attributes(event).marker_name if event_type(event) == "MARKER_RECORDED" else ""
        # A cancellation of what has ended already makes no event.
        while self._queue and self._queue[0].kind in CANCELS and MADE_BY[self._queue[0].kind] not in types:
            self._queue.popleft()
        if name == _sdk.LOCAL_ACTIVITY_MARKER:
            return self._compare_local(event)
        if name == _sdk.PATCH_MARKER:
            return self._compare_patch(event, task)
        while self._queue and self._queue[0].kind == "set_patch_marker":
            self._queue.popleft()
        if not self._queue:
            return self._nothing_for(event)
        if not self._fits(self._queue[0], event):
            return self._parting(self._queue[0], event, task)
        self._queue.popleft()
        return None

    def _compare_local(self, event: Any) -> Parting | None:
        data = marker_data(attributes(event))
        number = str(data.get("seq"))
        if made := self._local.get(number):
            told = data.get("activity_id"), f"run local activity {data.get('activity_type')}"
            if self._checks(_sdk.CHECKS_IDS) and told != (made.id, made.command.text):
                return Parting(made.step, made.command, event.event_id)
            return None
        instead = (m for m in self._all if m.kind == "schedule_activity" and m.asked == f"activity:{number}")
        first = next(instead, None) or (self._queue[0] if self._queue else None)
        return Parting(first.step, first.command, event.event_id) if first else self._nothing_for(event)

    def _compare_patch(self, event: Any, task: int) -> Parting | None:
        data = marker_data(attributes(event))
        first = self._queue[0] if self._queue else None
        if first and first.kind == "set_patch_marker" and first.id == str(data.get("id")):
            self._queue.popleft()
            return None
        if data.get("deprecated"):
            return None
        return self._parting(first, event, task) if first else self._nothing_for(event)

    def _parting(self, made: _Made, event: Any, task: int) -> Parting:
        surplus = made.task < task
        later = any(self._needs_command(e) and self._fits(made, e) for e in self._history[event.event_id :])
        return Parting(made.step, made.command, event.event_id, surplus, later)

    def _nothing_for(self, event: Any) -> Parting:
        rejection = f"update:reject:{update_id(event)}"
        rejected = next((made for made in self._all if made.command.key == rejection), None)
        step, command = (rejected.step, rejected.command) if rejected else (self._last, None)
        return Parting(step, command, event.event_id)

    def _checks(self, flag: int) -> bool:
        return self._by_flags and flag in self._flags

    def _fits(self, made: _Made, event: Any) -> bool:
        if _makes(made.command) != event_type(event):
            return False
        body, text = attributes(event), made.command.text
        match made.kind:
            case "update_response":
                return made.id == update_id(event)
            case "schedule_activity" if self._checks(_sdk.CHECKS_IDS):
                return (made.id, text) == (body.activity_id, f"schedule activity {body.activity_type.name}")
            case "start_child_workflow_execution" if self._checks(_sdk.CHECKS_IDS):
                return (made.id, text) == (body.workflow_id, f"start child workflow {body.workflow_type.name}")
            case "schedule_nexus_operation" if self._checks(_sdk.CHECKS_NEXUS):
                return (made.id, text) == (body.service, f"schedule nexus operation {body.operation}")
        return True


def _makes(command: Command) -> str | None:
    """The type of event that the command makes, if any."""
    if command.kind == "update_response":
        return UPDATES.get((*command.key.split(":", 2), "", "")[1])
    return MADE_BY.get(command.kind)
