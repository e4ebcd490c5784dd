"""The activities' side of a tale: every attempt, what became of it, and what the server waits for after it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stagedflow.history.runs import Activity
from stagedflow.history.waiting import PendingActivity
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityAttempt
from stagedflow.widgets.timeline.tale.moments import ACTIVITIES, Moment, Stretch, plain
from stagedflow.widgets.timeline.tale.notes import Notes
from stagedflow.widgets.timeline.tale.workers import Cast, Worker, ended_by

NOT_IN_HISTORY = "from ledger and describe, not yet in history"

Rows = Mapping[str, Sequence[ActivityAttempt]]
"""Activity id -> the ledger's rows of its attempts."""


@dataclass(frozen=True, eq=False)
class _Attempt:
    """One attempt as the ledger tells it, or, without a row, as history or `describe` does."""

    number: int
    who: str
    worker: Worker | None
    began: Moment
    finished: float | None
    outcome: str | None


def tell_activities(notes: Notes, facts: Facts, rows: Rows, cast: Cast) -> None:
    """Every activity, attempt by attempt."""
    pending = {p.activity_id: p for p in reversed(facts.pending)}
    for rank, activity in notes.part.activities:
        lane, name = (ACTIVITIES, plain(activity.type)), f"activity {plain(activity.type)}"
        scheduled = Moment(activity.scheduled.at, "task", minor=True)
        notes.history.append((activity.scheduled.id, scheduled))
        attempts = _attempts(
            rows.get(activity.activity_id, ()), pending.get(activity.activity_id), cast, activity, rank
        )
        closed = None
        if activity.closed:
            by = f" (attempt {attempts[-1].number}, worker {attempts[-1].who})" if attempts else ""
            message = plain(activity.closed.detail.get("message", ""), 120)
            words = f"{name} {activity.outcome}{by}"
            closed = Moment(activity.closed.at, "activity ended", words, message, "", lane, rank=(rank, ""))
            notes.history.append((activity.closed.id, closed))
        first = attempts[0] if attempts else None
        untouched = not (facts.run.closed or first or closed)
        if untouched or (first and _came_late(first, scheduled)):
            label = "no worker" if first or not cast.alive else ""
            notes.stretches.append(Stretch(lane, "queued", label, scheduled, first.began if first else None))
        cause = scheduled
        # With no attempt yet there is nothing to pair, so the two may differ in length.
        for attempt, following in zip(attempts, [*(a.began for a in attempts[1:]), closed], strict=False):
            notes.loose.append(attempt.began)
            notes.before.append((cause, attempt.began))
            cast.act(notes, attempt.worker, attempt.began)
            cause = _attempt(notes, cast, activity, attempt, following, is_open=not facts.run.closed)


def _attempt(
    notes: Notes, cast: Cast, activity: Activity, one: _Attempt, following: Moment | None, *, is_open: bool
) -> Moment:
    """One attempt's stretch, and the wait after it; returns the moment that ended it."""
    lane, worker, final = one.began.lane, one.worker, following is None or following.kind == "activity ended"
    ended, kind, note = following, "in flight", NOT_IN_HISTORY
    after = ("wait", "server waits for start-to-close")
    if one.number == ended_by(activity):
        kind, note, after = activity.outcome or "", "", ("", "")
    elif one.finished is not None:
        kind, note = one.outcome or "completed", ""
        lost = kind == "completed" and not final
        words = f"activity {lane[1]} {kind} (attempt {one.number}, worker {one.who})"
        words += ", and the server never heard of it" if lost else ""
        on_its_way = kind == "completed" and final  # history will have it in a moment
        ended = Moment(one.finished, "activity ended", words, lane=lane, minor=on_its_way, rank=one.began.rank)
        notes.loose.append(ended)
        notes.before.append((one.began, ended))
        cast.act(notes, worker, ended)
        if on_its_way:
            after = ("", "")
        elif not lost:
            after = ("retry", f"waits for attempt {one.number + 1}")
    elif worker and worker.ended:
        kind, note, ended = "died", f"worker {worker.life.how}", worker.ended
    elif following:
        kind, note, after = "timed out", "", ("", "")
    notes.stretches.append(Stretch(lane, kind, f"attempt {one.number} · {one.who}", one.began, ended, one.who, note))
    if ended and ended is not following:
        if following:
            notes.before.append((ended, following))
        if after[0] and (following or is_open):
            notes.stretches.append(Stretch(lane, *after, ended, following))
    return ended or one.began


def _attempts(
    rows: Iterable[ActivityAttempt], pending: PendingActivity | None, cast: Cast, activity: Activity, rank: int
) -> Sequence[_Attempt]:
    """The attempts that the ledger tells of, and the one that only history or `describe` tells of."""
    lane, name = (ACTIVITIES, plain(activity.type)), f"activity {plain(activity.type)}"

    def attempt(
        number: int,
        who: str,
        worker: Worker | None,
        at: float,
        finished: float | None = None,
        outcome: str | None = None,
    ) -> _Attempt:
        words = f"{name} started (attempt {number}, worker {who})"
        began = Moment(at, "activity", words, lane=lane, rank=(rank, f"{number:6}"))
        return _Attempt(number, who, worker, began, finished, outcome)

    known: list[_Attempt] = []
    for row in rows:
        worker = cast.of_pid(row.pid, row.started)
        who = worker.name if worker else "?"
        known.append(attempt(row.attempt, who, worker, row.started, row.finished, row.outcome))
    numbers = {a.number for a in known}
    if activity.started:
        number, at, identity = (
            activity.started.detail["attempt"],
            activity.started.at,
            activity.started.detail["identity"],
        )
    elif pending and pending.state == "started" and pending.since and not activity.closed:
        number, at, identity = pending.attempt, pending.since, pending.worker
    else:
        return known
    if number not in numbers:
        known.append(attempt(number, *cast.of_identity(identity, at), at))
    return sorted(known, key=lambda a: a.number)


def _came_late(first: _Attempt, scheduled: Moment) -> bool:
    """True if the worker that took the activity had not started when it was scheduled."""
    return first.worker is not None and first.worker.life.started > scheduled.at
