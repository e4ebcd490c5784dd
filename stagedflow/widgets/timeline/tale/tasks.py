"""The workflow's side of a tale: its events and signals, its tasks, where it was parked, and what was replayed."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from stagedflow.history.runs import OPENS, SETTLES, SIGNAL, Run, Signal, WorkflowTask
from stagedflow.replay.trace import ReplayStep, ReplayTrace
from stagedflow.widgets.timeline.tale.moments import SIGNALS, TASKS, Moment, Stretch, plain
from stagedflow.widgets.timeline.tale.notes import Notes
from stagedflow.widgets.timeline.tale.part import Standing
from stagedflow.widgets.timeline.tale.workers import Cast, Worker, is_command

LANE = (TASKS, TASKS)

_TOLD_ELSEWHERE = ("WORKFLOW_TASK_", "ACTIVITY_TASK_", "WORKFLOW_EXECUTION_SIGNALED")


def tell_events(notes: Notes, run: Run) -> None:
    """The run's start and end, its signals, and every event that has no lane of its own."""
    for event in notes.part.events:
        if event is run.events[0]:
            name = plain(run.workflow_type) or "of an unknown type"
            moment = Moment(event.at, "workflow", f"workflow {name} started", label="start")
        elif run.closed and event is run.events[-1]:
            message = plain(event.detail.get("message", ""), 120)
            moment = Moment(event.at, "closed", f"workflow {run.status}", message, run.status)
        elif event.type.startswith(_TOLD_ELSEWHERE):
            continue
        else:
            words = event.type.removeprefix("WORKFLOW_EXECUTION_").lower().replace("_", " ")
            moment = Moment(event.at, "event", words, label=words)
        notes.history.append((event.id, moment))
    _signals(notes, run)


def _signals(notes: Notes, run: Run) -> None:
    """Signals stand in the order in which they came: the server writes one that finds a task running down later."""
    tasks = [e for e in notes.part.events if e.type == "WORKFLOW_TASK_STARTED"]
    previous = next((m for _, m in notes.history if m.kind == "workflow"), None)
    for signal in notes.part.signals:
        event, (short, words) = signal.event, _signal_words(signal)
        moment = Moment(event.at, "signal", f"signal {words}", label=short, lane=(SIGNALS, SIGNALS))
        notes.loose.append(moment)
        if previous:
            notes.before.append((previous, moment))
        later = bisect_right(tasks, event.id, key=attrgetter("id"))
        taken = tasks[later] if later < len(tasks) else run.events[-1] if run.closed else None
        if taken:
            handled = Moment(taken.at, "task", minor=True)
            notes.history.append((taken.id - 0.9, handled))
            notes.before.append((moment, handled))
        previous = moment


def _signal_words(signal: Signal) -> tuple[str, str]:
    name = plain(signal.name)
    if signal.stage is not None:
        given = str(signal.stage)
    else:
        given = ", ".join(
            repr(a) if isinstance(a, str | int | float | bool) else "…" for a in signal.event.detail["args"]
        )
    short = f"{name}({plain(given, 30)})"
    trouble = signal.trouble if signal.name == SIGNAL else None
    return short, f"{short}: {trouble}" if trouble else short


def tell_tasks(notes: Notes, run: Run, cast: Cast) -> WorkflowTask | None:
    """Every workflow task: who took it, and what became of it; returns the one that was completed last."""
    before = notes.part.before.task
    open_task = run.open_task
    for task in notes.part.tasks:
        name, worker = cast.of_identity(task.worker, task.scheduled.at)
        scheduled = Moment(task.scheduled.at, "task", minor=True)
        begun = Moment(task.started.at, "task", minor=True) if task.started else None
        notes.history.append((task.scheduled.id, scheduled))
        if begun and task.started:
            notes.history.append((task.started.id, begun))
            if worker and worker.life.started > task.scheduled.at:
                words = "workflow task waited on the task queue until a worker came"
                notes.stretches.append(Stretch(LANE, "queued", "no worker", scheduled, begun, note=words))
        if begun:
            closed = _taken(notes, task, begun, name, worker, is_open=task is open_task)
        else:
            closed = _untaken(notes, task, before, scheduled, cast, is_open=task is open_task)
        if closed and task.closed:
            notes.history.append((task.closed.id, closed))
        before = task if task.outcome == "completed" else before
    return before


def _taken(
    notes: Notes, task: WorkflowTask, begun: Moment, name: str, worker: Worker | None, *, is_open: bool
) -> Moment | None:
    """A task that a worker has or had."""
    dead = worker is not None and worker.ended is not None
    if task.closed is None:
        if is_open:
            words = f"worker {name} died in its workflow task" if dead else f"worker {name} has its workflow task"
            kind, label = ("wait", f"in {name}, dead") if dead else ("task", f"in {name}")
            notes.stretches.append(Stretch(LANE, kind, label, begun, None, name, words))
        return None
    if task.outcome == "completed":
        closed = Moment(task.closed.at, "task", f"workflow task completed (worker {name})", minor=True)
        notes.stretches.append(Stretch(LANE, "task", "", begun, closed, name))
        return closed
    message = plain(task.closed.detail.get("message", ""), 160)
    if task.outcome == "failed":
        return Moment(task.closed.at, "task failed", f"workflow task failed (worker {name})", message, "failed")
    words = f"workflow task of {'dead ' if dead else ''}worker {name} timed out"
    closed = Moment(task.closed.at, "task timed out", words, label="timed out")
    notes.stretches.append(
        Stretch(LANE, "wait", f"in {name}, dead" if dead else f"in {name}", begun, closed, name, words)
    )
    return closed


def _untaken(
    notes: Notes, task: WorkflowTask, before: WorkflowTask | None, scheduled: Moment, cast: Cast, *, is_open: bool
) -> Moment | None:
    """A task that no worker took: it lies, or lay until it timed out, on a queue."""
    queue, label, kind = "the task queue", "" if cast.alive else "no worker", "queued"
    if task.scheduled.detail.get("sticky"):
        name, worker = cast.of_identity(before.worker if before else None, task.scheduled.at)
        queue = f"{'dead ' if worker and worker.ended else ''}worker {name}'s sticky queue"
        label, kind = f"on {name}'s sticky queue", "wait"
    if task.closed is None:
        if is_open:
            stretch = Stretch(LANE, kind, label, scheduled, None, note=f"workflow task waits on {queue}")
            notes.stretches.append(stretch)
        return None
    words = f"workflow task waited on {queue} (timed out)"
    closed = Moment(task.closed.at, "task timed out", words, label="timed out")
    notes.stretches.append(Stretch(LANE, kind, label, scheduled, closed, note=words))
    return closed


def tell_gates(notes: Notes) -> Standing:
    """Where the workflow was parked: a workflow task is done, nothing else is open, it has not ended.

    Returns:
        How the run stands after it; the workflow task apart.
    """
    part = notes.part
    still_open, completed, told = part.before.opened, part.before.completed, part.before.parked_at
    left: Moment | None = part.before.left
    if left:
        notes.history.append((part.events[0].id - 0.05, left))
    for event, following in pairwise([*part.events, part.following]):
        assert event
        left = None
        still_open += (event.type in OPENS) - (event.type in SETTLES)
        completed += event.type == "ACTIVITY_TASK_COMPLETED"
        if event.type != "WORKFLOW_TASK_COMPLETED" or still_open or (following and is_command(following)):
            continue
        if following and following.at < event.at:
            continue  # a signal came while the task ran: it never was parked
        label = f"gate {completed}" if completed else "parked"
        words = f"parked at {label}" if completed else "parked, waits for a signal"
        parked = Moment(event.at, "gate", words, label=label, minor=told == completed)
        told = completed
        notes.history.append((event.id + 0.05, parked))
        if following:
            left = Moment(following.at, "task", minor=True)
            if following is not part.following:  # else the part that it begins has it
                notes.history.append((following.id - 0.05, left))
        notes.stretches.append(Stretch(LANE, "parked", label, parked, left, note=words))
    return Standing(part.before.place + len(part.events), still_open, completed, told, left=left)


@dataclass(frozen=True)
class Replay:
    """What a worker ran again from history, and after which event it went live, if that is known."""

    moment: Moment
    worker: Worker | None
    event_id: int | None


def tell_replays(notes: Notes, replays: Iterable[Replay], cast: Cast) -> None:
    """What each worker ran again from history, and where it went live."""
    for replay in replays:
        if not notes.part.has(replay.moment.at, replay.event_id):
            continue
        if replay.event_id is not None:
            notes.history.append((replay.event_id + 0.05, replay.moment))
        else:
            notes.loose.append(replay.moment)
            cast.act(notes, replay.worker, replay.moment)


def replays_of(trace: ReplayTrace, cast: Cast) -> Iterator[Replay]:
    """All replays of a run."""
    for pid in trace.workers:
        again: list[ReplayStep] = []
        for step in (*trace.by(pid), None):
            if step and step.is_replaying and not step.query:
                again.append(step)
                continue
            if again:
                yield _replay(trace, cast, again, step)
            again = []


def _replay(trace: ReplayTrace, cast: Cast, again: list[ReplayStep], after: ReplayStep | None) -> Replay:
    last = again[-1]
    worker = cast.of_pid(last.worker, last.at or 0.0)
    name = worker.name if worker else "?"
    lines = [line for step in again for file, line in step.lines if file == trace.file or not trace.file]
    span = f" (lines {min(lines)}–{max(lines)})" if lines else ""
    live = after is not None and after.is_live
    why = " for a query" if after and after.query else " and went live" if live else ""
    number = f"{len(again)} activation{'s' if len(again) != 1 else ''}"
    label = f"{name} replayed{', then live' if live else ''}"
    moment = Moment(last.at or cast.start, "replay", f"worker {name} replayed {number}{span}{why}", label=label)
    made_it_run = after.event_ids[-1] if after and live and after.event_ids else None  # the workflow task's start
    return Replay(moment, worker, made_it_run)
