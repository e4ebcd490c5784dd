"""What a workflow waits for now, in words, with the deadline where one is known. Pure, like `history`."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagedflow.history.runs import Run, WorkflowTask
from stagedflow.replay.trace import WorkerLife


@dataclass(frozen=True)
class PendingActivity:
    """What `describe` says of an activity that is open.

    Attributes:
        state: "scheduled" (for a worker, or for its next attempt), "started" or "cancel requested".
        attempt: From 1.
        since: When this attempt started, or was or will be scheduled (seconds since the epoch), or None.
        start_to_close: Seconds; the operator's shortcut changes it here and not in history.
        worker: Identity of the worker that has or had it last, `name@pid`, or "".
        failure: What ended the attempt before, in words, or "".
    """

    activity_id: str
    type: str
    state: str
    attempt: int
    since: float | None
    start_to_close: float
    worker: str
    failure: str = ""


@dataclass(frozen=True)
class WaitsFor:
    """What holds the workflow now.

    Attributes:
        text: In words.
        deadline: When the server acts by itself (seconds since the epoch), or None if nobody can tell.
        then: What it does then, in words, or "".
        kind: "gate", "activity", "retry", "sticky", "task", "worker", "closed" or "start".
    """

    text: str
    deadline: float | None = None
    then: str = ""
    kind: str = ""

    def seconds_left(self, now: float) -> float | None:
        """Seconds until the deadline, never negative, or None if there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - now)


def waits_for(
    run: Run,
    pending: Sequence[PendingActivity],
    lives: Sequence[WorkerLife],
    *,
    sticky_seconds: float,
    now: float,
) -> WaitsFor:
    """What the workflow waits for.

    Args:
        run: Its history so far.
        pending: What `describe` says of its open activities; may be a second old.
        lives: The lab's workers.
        sticky_seconds: The sticky queue's schedule-to-start timeout of the lab's workers.
        now: Seconds since the epoch.
    """
    if not run.events:
        return WaitsFor("its history, which has not come yet", kind="start")
    if run.closed:
        return _closed(run)
    if run.open_task:
        return _task(run, run.open_task, lives, sticky_seconds, now)
    if run.open_activities:
        activity = run.open_activities[0]
        described = next((p for p in pending if p.activity_id == activity.activity_id), None)
        return _activity(activity.type, described, lives, now)
    if run.gate:
        asleep = "" if any(life.ended is None for life in lives) else " No worker runs: a signal would wait for one."
        words = f"gate {run.gate}: a signal that takes the stage to {run.gate} or more.{asleep}"
        return WaitsFor(words, kind="gate")
    return WaitsFor("a signal, a timer or another workflow", kind="gate")


def _closed(run: Run) -> WaitsFor:
    message = str(run.events[-1].detail.get("message", ""))
    if run.status == "terminated" and "TerminateExisting" in message:
        message = "a new run of the same workflow id took its place"
    why = f": {message}" if message else ""
    return WaitsFor(f"nothing: the workflow has {run.status}{why}", kind="closed")


def _task(run: Run, task: WorkflowTask, lives: Sequence[WorkerLife], sticky_seconds: float, now: float) -> WaitsFor:
    if task.closed:
        return _retried_task(task, lives)
    if task.started:
        life = _life_of(task.worker, lives)
        if life and life.ended:
            return WaitsFor(
                f"the workflow task that worker {life.name} (pid {life.pid}) had begun when it {life.how}",
                task.started.at + task.scheduled.detail["timeout"],
                "the workflow task timeout passes and the server gives the task to another worker",
                "task",
            )
        failed = [t for t in run.tasks if t.outcome == "failed"]
        again = f"; the one before failed: {failed[-1].closed.detail.get('message')}" if failed else ""  # type: ignore[union-attr]
        holder = _named(task.worker, life)
        return WaitsFor(f"{holder}, which has its workflow task now{again}", kind="task")
    if task.scheduled.detail["sticky"]:
        last = next((t.worker for t in reversed(run.tasks) if t.outcome == "completed"), None)
        life = _life_of(last, lives)
        if life and life.how == "stopped":
            told = f"worker {life.name} (pid {life.pid}) stopped, and told the server"
            return WaitsFor(f"any worker to take its workflow task: {told}.{_no_worker(lives)}", kind="worker")
        if life and life.ended:
            return WaitsFor(
                f"worker {life.name} (pid {life.pid}), which {life.how}: the workflow task lies on its sticky queue, "
                f"and the server may not know that nobody polls it.{_no_worker(lives)}",
                task.scheduled.at + sticky_seconds,
                "the server gives up and puts the task on the normal queue, for any worker",
                "sticky",
            )
        return WaitsFor(f"{_named(last, life)}: the workflow task is on its sticky queue", kind="sticky")
    return _any_worker(lives)


def _retried_task(task: WorkflowTask, lives: Sequence[WorkerLife]) -> WaitsFor:
    """Its next tries stay out of history until one succeeds."""
    if task.outcome == "failed" and any(life.ended is None for life in lives):
        message = task.closed.detail.get("message") if task.closed else ""
        return WaitsFor(f"its workflow task, which failed and is tried again: {message}", kind="task")
    return _any_worker(lives)


def _any_worker(lives: Sequence[WorkerLife]) -> WaitsFor:
    if _no_worker(lives):
        return WaitsFor(
            "a worker: its workflow task is on the task queue and no worker runs. Start one.", kind="worker"
        )
    return WaitsFor("a worker to take its workflow task from the task queue", kind="worker")


def _no_worker(lives: Sequence[WorkerLife]) -> str:
    return "" if any(life.ended is None for life in lives) else " No worker runs: start one."


def _activity(name: str, pending: PendingActivity | None, lives: Sequence[WorkerLife], now: float) -> WaitsFor:
    if pending is None:
        return WaitsFor(f"activity {name}", kind="activity")
    attempt = f"attempt {pending.attempt}"
    if pending.state == "started":
        deadline = pending.since + pending.start_to_close if pending.since else None
        life = _life_of(pending.worker, lives)
        if life and life.ended:
            return WaitsFor(
                f"activity {name}, {attempt}, on worker {life.name} (pid {life.pid}), which {life.how}: "
                "the server cannot know, it counts on start-to-close",
                deadline,
                "start-to-close passes, the attempt has timed out, and the retry policy has the activity tried again",
                "activity",
            )
        where = f" on worker {life.name} (pid {life.pid})" if life else ""
        return WaitsFor(
            f"activity {name}, {attempt}, at work{where}", deadline, "start-to-close would time it out", "activity"
        )
    if pending.since and pending.since > now:
        after = f" ({pending.failure})" if pending.failure else ""
        return WaitsFor(
            f"the next attempt of activity {name}{after}", pending.since, f"{attempt} is scheduled", "retry"
        )
    if not any(life.ended is None for life in lives):
        return WaitsFor(f"a worker for activity {name}, {attempt}: none runs. Start one.", kind="worker")
    return WaitsFor(f"a worker to take activity {name}, {attempt}", kind="activity")


def _named(identity: str | None, life: WorkerLife | None) -> str:
    return f"worker {life.name} (pid {life.pid})" if life else f"worker {identity}"


def _life_of(identity: str | None, lives: Sequence[WorkerLife]) -> WorkerLife | None:
    """The life behind an identity `name@pid`; the last one, as a pid may come again."""
    return next((life for life in reversed(lives) if identity == life.identity), None)
