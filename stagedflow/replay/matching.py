"""Which history event each job of a trace stands for, and which one each command made or matched.

The SDK's core matches commands with events while it replays, and tells nobody. The same is found here, after the fact:
a command's event stands behind the end of the workflow task that made it; that task's start is the last event of the
command's step.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from stagedflow.replay import _sdk
from stagedflow.replay.history_index import MADE_BY, RESOLVED, STARTED, UPDATES, HistoryIndex, Name
from stagedflow.replay.trace import Command, Job, ReplayStep

CANCELS = {
    "cancel_timer": "start_timer",
    "request_cancel_activity": "schedule_activity",
    "cancel_child_workflow_execution": "start_child_workflow_execution",
    "cancel_signal_workflow": "signal_external_workflow_execution",
    "request_cancel_nexus_operation": "schedule_nexus_operation",
}
"""Kind of command that takes another one back -> the kind of that one."""


def match(steps: Iterable[ReplayStep], history: Iterable[Any]) -> tuple[ReplayStep, ...]:
    """The steps with `event_id` in each job and command that has an event in history.

    Args:
        steps: As the recorder made them; those of several workers may be mixed.
        history: The events, as protobuf messages of Temporal's API.
    """
    matcher = Matcher()
    for step in steps:
        matcher.add_step(step)
    for event in history:
        matcher.add_event(event)
    return matcher.matched()


class Matcher:
    """Matches the steps of a run with its events while both still come.

    All but the last steps are settled: they are looked at again only if something comes that one of them looked for.

    Args:
        unsettled: So many of the last steps are matched anew each time: the next events are most likely about them.
    """

    def __init__(self, unsettled: int = 16) -> None:
        self._unsettled = unsettled
        self._index = HistoryIndex()
        self._events = 0
        self._steps: list[ReplayStep] = []
        self._taken_back = _TakenBack()
        self._start_anew()

    def _start_anew(self) -> None:
        self._settled: list[ReplayStep] = []
        self._instances: dict[int | None, _Instance] = {}
        self._looked_for: set[Name] = set()

    def add_event(self, event: Any) -> None:
        """Take in the next event of the run, a protobuf message of Temporal's API."""
        self._events = event.event_id
        if not self._looked_for.isdisjoint(self._index.add(event)):
            self._start_anew()

    def add_step(self, step: ReplayStep) -> None:
        """Take in the next step, as the recorder made it."""
        begun_in = self._taken_back.add(len(self._steps), step)
        self._steps.append(step)
        if begun_in < len(self._settled):
            self._start_anew()

    def matched(self) -> tuple[ReplayStep, ...]:
        """All steps so far, with `event_id` in each job and command that has an event so far."""
        for step in self._steps[len(self._settled) : max(len(self._steps) - self._unsettled, 0)]:
            if max(step.event_ids, default=0) > self._events:
                break  # what it brought may not be read yet, nor what it made
            self._settled.append(self._match(step, self._instances, self._looked_for))
        instances = {worker: instance.copy() for worker, instance in self._instances.items()}
        return (*self._settled, *(self._match(step, instances, set()) for step in self._steps[len(self._settled) :]))

    def _match(self, step: ReplayStep, instances: "dict[int | None, _Instance]", looked_for: set[Name]) -> ReplayStep:
        if step.worker not in instances or step.builds_anew:
            instances[step.worker] = _Instance(self._index, self._taken_back.by[step.worker])
        return instances[step.worker].match(step, looked_for)


class _Instance:
    """One worker's copy of the workflow, which goes through history once."""

    def __init__(self, index: HistoryIndex, taken_back: set[tuple[int, str]]) -> None:
        self._index = index
        self._taken_back = taken_back
        self._taken: set[int] = set()
        self._asked: dict[str, int] = {}
        self._children: dict[str, str] = {}
        self._task = 0
        self._looked_for: set[Name] = set()

    def copy(self) -> "_Instance":
        """Another one that stands at the same place."""
        other = _Instance(self._index, self._taken_back)
        other._taken, other._asked = self._taken.copy(), self._asked.copy()
        other._children, other._task = self._children.copy(), self._task
        return other

    def match(self, step: ReplayStep, looked_for: set[Name]) -> ReplayStep:
        """The step with its events. Into `looked_for` goes whatever, if it came, might lead to others."""
        self._looked_for = looked_for
        self._task = step.event_ids[-1] if step.event_ids else self._task
        jobs = tuple(replace(job, event_id=self._of_job(job)) for job in step.jobs)
        commands = tuple(replace(c, event_id=self._of_command(c)) for c in step.commands)
        return replace(step, jobs=jobs, commands=commands)

    def _found(self, type: str, id: str | int) -> int | None:
        self._looked_for.add((type, id))
        return self._index.found.get((type, id))

    def _of_job(self, job: Job) -> int | None:
        id = job.key.rpartition(":")[2]
        match job.kind:
            case "initialize_workflow":
                return 1
            case "fire_timer":
                return self._found("TIMER_FIRED", id)
            case "cancel_workflow":
                return self._found("WORKFLOW_EXECUTION_CANCEL_REQUESTED", "")
            case "do_update":
                return self._found(UPDATES["accept"], id)
            case "notify_has_patch":
                return self._found(_sdk.PATCH_MARKER, id)
            case "resolve_child_workflow_execution_start" | "resolve_nexus_operation_start":
                return self._found(STARTED, self._asked.get(job.key, 0))
            case kind if kind.startswith("resolve_"):
                asked = self._asked.get(job.key, 0)
                # A local activity's number is counted with the activities', and may be a child's or a signal's, too.
                local = self._found(_sdk.LOCAL_ACTIVITY_MARKER, id)
                if local and job.key.startswith("activity:"):
                    return local if local == asked else None
                # A cancelled activity may be resolved at once, long before history holds how it ended.
                found = self._found(RESOLVED, asked) or 0
                return found if 0 < found <= self._task else None
        return job.event_id

    def _of_command(self, command: Command) -> int | None:
        group, number, id = (*command.key.split(":", 2), "", "", "")[:3]
        asked = f"{group}:{number}"
        match command.kind:
            case "update_response":
                return self._found(UPDATES.get(number, ""), id)
            case "schedule_local_activity":  # its marker comes with its end, perhaps by a later workflow task
                return self._ask(asked, self._found(_sdk.LOCAL_ACTIVITY_MARKER, number))
            case "request_cancel_activity" | "request_cancel_nexus_operation":
                return self._next(command.kind, str(self._asked.get(asked, "")))
            case "cancel_child_workflow_execution":
                return self._next(command.kind, self._children.get(asked, ""))
            case "cancel_timer":
                return self._next(command.kind, id)
            case "start_child_workflow_execution":
                self._children[asked] = id
        if (self._task, asked) in self._taken_back:
            return None
        return self._ask(asked, self._next(command.kind, id, later=True))

    def _ask(self, asked: str, event: int | None) -> int | None:
        if event is not None:
            self._asked[asked] = event
        return event

    def _next(self, kind: str, id: str, *, later: bool = False) -> int | None:
        """The first event of this workflow task, of the command's type and with this id, that is not taken yet.

        Events come in order, so one that was found stays the first.

        Args:
            kind: The command's.
            id: The event's.
            later: It may be of a later task, too. The SDK completes a task while a local activity is under way, to get
                more time for it: what the workflow asks for when that has ended goes to the server with the next task.
        """
        name = MADE_BY.get(kind, ""), id
        made = self._index.made.get(name, [])
        later = later and self._task in self._index.completed
        for place in range(bisect_left(made, (self._task, 0)), len(made)):
            task, event = made[place]
            if task != self._task and not later:
                break
            if event not in self._taken:
                self._taken.add(event)
                return event
        self._looked_for.add(name)
        return None


class _TakenBack:
    """What workers asked for and took back within one workflow task: such a command never reaches the server.

    Attributes:
        by: Worker -> (start of a workflow task, key of its job) of each.
    """

    def __init__(self) -> None:
        self.by: dict[int | None, set[tuple[int, str]]] = defaultdict(set)
        self._tasks: dict[int | None, int] = {}
        self._begun: dict[int | None, dict[tuple[int, str], int]] = defaultdict(dict)

    def add(self, number: int, step: ReplayStep) -> int:
        """Take in the next step; the number of the first one that began what this one takes back, or its own."""
        first = number
        task = step.event_ids[-1] if step.event_ids else self._tasks.get(step.worker, 0)
        self._tasks[step.worker] = task
        begun, taken_back = self._begun[step.worker], self.by[step.worker]
        for command in step.commands:
            asked = task, ":".join(command.key.split(":", 2)[:2])
            if command.kind not in CANCELS:
                begun.setdefault(asked, number)
            elif asked in begun and asked not in taken_back:
                taken_back.add(asked)
                first = min(first, begun[asked])
        return first
