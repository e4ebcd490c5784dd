"""What a panel's buttons can do now, and for what reason not. Pure: facts and workers in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from stagedflow.history.runs import GATES, Run
from stagedflow.history.waiting import PendingActivity
from stagedflow.lab.facts import Facts
from stagedflow.lab.worker import WorkerProcess

OFFER_SECONDS = 30.0
"""With more than this left of a dead attempt's start-to-close, the panel offers the operator's shortcut by itself."""


@dataclass(frozen=True)
class Action:
    """A button: what it says, and why it cannot be pressed now ("" if it can)."""

    label: str
    refusal: str = ""


def actions(facts: Facts, worker: WorkerProcess | None, next_name: str) -> dict[str, Action]:
    """Every button of the panel by name, for the worker that the panel acts on."""
    run = facts.run
    ended = f"the workflow has {run.status}" if run.closed else ""
    unknown = "" if run.events else facts.trouble or "the workflow's history has not come yet"
    name = worker.name if worker else "A"
    no_worker = "" if worker and worker.alive else "no worker is alive"
    found = {}
    for stage in range(1, GATES + 1):
        passed = f"stage {run.stage} is reached already, and a stage never goes back" if run.stage >= stage else ""
        found[f"advance {stage}"] = Action(f"Signal stage {stage}", unknown or ended or passed)
    starting = f"worker {name} is starting" if worker and worker.state == "starting" else ""
    found["crash"] = Action(f"Crash worker {name} (SIGKILL)", no_worker)
    found["stop"] = Action(f"Stop worker {name} gracefully", no_worker or starting)
    found["start"] = Action(f"Start worker {next_name}", starting)
    found["skip sticky"] = Action("Skip the sticky wait", unknown or ended or _no_skip(run, facts))
    found["shorten"] = Action(
        f"Shorten start-to-close to {short_seconds(facts)} s", unknown or ended or _no_shortening(facts.pending, facts)
    )
    return found


def offer(facts: Facts, now: float) -> str:
    """The shortcut that the panel offers by itself, in words, or ""."""
    waits = facts.waits_for(now)
    left = waits.seconds_left(now)
    if waits.kind == "activity" and left and left > OFFER_SECONDS and not _no_shortening(facts.pending, facts):
        return (
            f"{clock(left)} is long for a lesson. In production you would wait, or have chosen a shorter timeout; "
            "here, the operator's shortcut below shortens it, for this attempt and all later ones of this activity."
        )
    return ""


def clock(seconds: float) -> str:
    """Seconds as a person reads them: "8 s", "14 min 32 s", "1 h 59 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _no_skip(run: Run, facts: Facts) -> str:
    if run.open_task:
        on_it = run.open_task.scheduled.detail["sticky"]
        return "the workflow task is on the queue already; it helps only before the signal" if on_it else (
            "no workflow task waits on a sticky queue"
        )  # fmt: skip
    owner = next((t.worker for t in reversed(run.tasks) if t.outcome == "completed"), None)
    if not owner or owner in living(facts):
        return "the worker that has the workflow in its cache is alive"
    if any(life.how == "stopped" and life.identity == owner for life in facts.lives):
        return "the worker that had the workflow told the server when it stopped"
    return ""


def _no_shortening(pending: Sequence[PendingActivity], facts: Facts) -> str:
    started = [p for p in pending if p.state == "started"]
    if not started:
        return "no activity attempt is running"
    if all(p.worker in living(facts) for p in started):
        return "the attempt's worker is alive"
    if all(p.start_to_close <= short_seconds(facts) for p in started):
        return "it is that short already"
    return ""


def holder_of(facts: Facts) -> str:
    """The identity (`name@pid`) of the worker that runs the workflow's activity, or has the workflow in its cache."""
    living_pids = {life.pid: life for life in facts.lives if life.ended is None}
    for attempt in reversed(facts.attempts):
        if attempt.finished is None and attempt.pid in living_pids:
            return living_pids[attempt.pid].identity
    return next((t.worker for t in reversed(facts.run.tasks) if t.worker), "")


def short_seconds(facts: Facts) -> int:
    """A start-to-close (seconds) that finds a dead attempt soon, and leaves a living one time for this run's work."""
    longest = max((a.finished - a.started for a in facts.attempts if a.finished), default=0.0)
    return ceil(longest + 2)


def living(facts: Facts) -> set[str]:
    """The identities (`name@pid`) of the lab's workers that are alive."""
    return {life.identity for life in facts.lives if life.ended is None}
