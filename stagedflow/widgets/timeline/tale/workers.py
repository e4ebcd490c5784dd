"""The workers of a tale: their lives, who is meant by a pid or an identity, and what each one did between."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from stagedflow.history.runs import Activity, Event
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityAttempt
from stagedflow.replay.trace import WorkerLife
from stagedflow.widgets.timeline.tale.moments import CLOSE_TOGETHER, WORKERS, Moment, Stretch, plain
from stagedflow.widgets.timeline.tale.notes import Notes

_NO_COMMANDS = ("WORKFLOW_TASK_", "WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_CANCEL_REQUESTED")
_COMMANDS = ("_SCHEDULED", "_STARTED", "_INITIATED", "_RECORDED", "_REQUESTED", "_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")


@dataclass(frozen=True, eq=False)
class Worker:
    """A worker's life in this run, with the moments of its start and its end."""

    life: WorkerLife
    name: str
    began: Moment
    ended: Moment | None


class Cast:
    """The workers that lived while the run did.

    Attributes:
        start: When the run started (seconds since the epoch).
    """

    def __init__(self, facts: Facts) -> None:
        run = facts.run
        self._facts = facts
        self.start = run.events[0].at if run.events else min((a.started for a in facts.attempts), default=0.0)
        end = run.events[-1].at if run.closed else None
        self.workers: list[Worker] = []
        self._of_pid: dict[int, list[Worker]] = defaultdict(list)
        for life in facts.lives:
            if (life.ended is None or life.ended >= self.start) and (end is None or life.started <= end):
                self.workers.append(worker := self._worker(life))
                self._of_pid[life.pid].append(worker)

    def _worker(self, life: WorkerLife) -> Worker:
        name = plain(life.name, 20)
        turn = 1 + sum(w.life.name == life.name for w in self.workers)
        lane = (WORKERS, f"{name} ({turn})" if turn > 1 else name)
        rank, pid = (len(name), name), f"pid {life.pid}"
        words = f"worker {name} started{' again' if turn > 1 else ''}"
        words += "" if life.records else ", its recorder off"
        began = Moment(life.started, "worker", words, pid, "started", lane, rank=rank)
        ended = None
        if life.ended is not None:
            how = life.how or "ended"
            ended = Moment(life.ended, how, f"worker {name} {how}{self._inside(life)}", pid, how, lane, rank=rank)
        return Worker(life, name, began, ended)

    def _inside(self, life: WorkerLife) -> str:
        """In which attempts a worker ended: those that it began, and never told the end of."""
        left = [
            f"activity {plain(a.activity_type)} (attempt {a.attempt})"
            for a in self._facts.attempts
            if a.finished is None and a.pid == life.pid and not self._told(a)
        ]
        return f" inside {', '.join(left)}" if left else ""

    def _told(self, attempt: ActivityAttempt) -> bool:
        """True if history has this attempt's result: then only the end of its row was lost with the worker."""
        activities = [a for a in self._facts.run.activities if a.activity_id == attempt.activity_id]
        return any(ended_by(a) == attempt.attempt for a in activities)

    def of_pid(self, pid: int | None, at: float) -> Worker | None:
        """The worker of a pid; of two lives with one pid the one of that time."""
        of_pid = self._of_pid.get(pid, []) if pid is not None else []
        if len(of_pid) < 2:
            return of_pid[0] if of_pid else None
        then = [w for w in of_pid if w.life.started <= at + CLOSE_TOGETHER]
        return (then or of_pid)[-1]

    def of_identity(self, identity: str | None, at: float) -> tuple[str, Worker | None]:
        """What to call the worker of an identity `name@pid`, and the worker if the lab knows it."""
        name, _, pid = (identity or "").rpartition("@")
        worker = self.of_pid(int(pid), at) if pid.isdecimal() and len(pid) < 12 else None
        return (worker.name, worker) if worker else (plain(name or identity or "?", 20), None)

    def act(self, notes: Notes, worker: Worker | None, act: Moment) -> None:
        """Note that this worker did this: between its start and its end."""
        if worker:
            notes.before.append((worker.began, act))
            if worker.ended:
                notes.before.append((act, worker.ended))

    @property
    def lives(self) -> tuple[Stretch, ...]:
        """How long each worker lived."""
        return tuple(Stretch(w.began.lane, "life", "", w.began, w.ended, w.name, w.began.detail) for w in self.workers)

    @property
    def alive(self) -> bool:
        """True if any worker lives."""
        return any(w.ended is None for w in self.workers)


def tell_lives(notes: Notes, cast: Cast) -> None:
    """Each worker's start and end."""
    for worker in cast.workers:
        notes.loose += [m for m in (worker.began, worker.ended) if m and notes.part.has(m.at)]
        if worker.ended and notes.part.has(worker.ended.at):
            notes.before.append((worker.began, worker.ended))


def tell_acts(notes: Notes, cast: Cast) -> None:
    """What a worker told the server, and the commands that it gave, it did while it lived."""
    moments: dict[int, list[Moment]] = defaultdict(list)
    for event_id, moment in notes.history:
        moments[round(event_id)].append(moment)
    worker: Worker | None = None
    introduced: set[Worker] = set()
    for event in notes.part.events:
        if not is_command(event):
            worker = cast.of_identity(event.detail.get("identity"), event.at)[1] if _by_a_worker(event.type) else None
        if not worker or event.id not in moments:
            continue
        if worker not in introduced:  # what comes later in history comes after its start, too
            introduced.add(worker)
            notes.before += [(worker.began, act) for act in moments[event.id]]
        if worker.ended:
            notes.before += [(act, worker.ended) for act in moments[event.id]]


@cache
def _by_a_worker(kind: str) -> bool:
    """True if a worker told the server what an event of this type says."""
    return kind.startswith(("WORKFLOW_TASK_", "ACTIVITY_TASK_")) and not kind.endswith("TIMED_OUT")


def is_command(event: Event) -> bool:
    """True if a completed workflow task brought this event: an activity scheduled, a timer started, the end."""
    return _is_commands(event.type)


@cache
def _is_commands(kind: str) -> bool:
    if kind.startswith(_NO_COMMANDS) or kind in ("WORKFLOW_EXECUTION_STARTED", "ACTIVITY_TASK_STARTED"):
        return False
    if kind in ("WORKFLOW_EXECUTION_TERMINATED", "WORKFLOW_EXECUTION_TIMED_OUT"):
        return False
    return kind.startswith("WORKFLOW_EXECUTION_") or kind.endswith(_COMMANDS)


def ended_by(activity: Activity) -> int | None:
    """The attempt whose result closed the activity, or None: open, or nobody ever told a result."""
    if activity.outcome in (None, "timed out") or not activity.started:
        return None
    return int(activity.started.detail["attempt"])
