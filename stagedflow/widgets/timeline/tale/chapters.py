"""A tale told again and again while its run goes on: what is over is told once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from stagedflow.history.runs import ACTIVITY_ENDS, TASK_ENDS, Event
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityAttempt
from stagedflow.widgets.timeline.tale.activities import tell_activities
from stagedflow.widgets.timeline.tale.moments import Moment, Tale, plain
from stagedflow.widgets.timeline.tale.notes import Notes, Told
from stagedflow.widgets.timeline.tale.part import Part, Standing
from stagedflow.widgets.timeline.tale.tasks import replays_of, tell_events, tell_gates, tell_replays, tell_tasks
from stagedflow.widgets.timeline.tale.workers import Cast, is_command, tell_acts, tell_lives


@dataclass(frozen=True)
class _Chapter:
    """A part of a run that is over.

    Attributes:
        part: The part.
        told: What was told of it.
        seen: What it was told from, beside history.
        after: How the run stood at its end.
    """

    part: Part
    told: Told
    seen: Any
    after: Standing


class Teller:
    """Tells one run as it goes on.

    A chapter ends where nothing is under way: no activity, no workflow task, no signal that no task has taken. It
    stands by itself if what comes after it in history does so by every clock, too; else all is told anew.

    Args:
        chapter: Events that a chapter has at the least.
        latest: The last events, which are in no chapter: the ledger's rows of them may still come.
    """

    def __init__(self, chapter: int = 200, latest: int = 100) -> None:
        self._least, self._latest = chapter, latest
        self._chapters: list[_Chapter] = []
        self._seen: Any = None
        self._refused = 0

    def tell(self, facts: Facts) -> Tale:
        """The same as the function `tell`, for facts whose history goes on from the facts told before."""
        scene = _Scene(facts.by_the_servers_clock())
        self._forget_what_has_changed(scene)
        self._end_a_chapter(scene)
        rest, _ = scene.tell(Part.of(scene.facts.run, self._standing))
        if self._chapters and not (rest.sound and self._chapters[-1].told.then(rest)):
            self._chapters, self._refused = [], self._standing.place
            return _whole(scene)
        return scene.tale([*(chapter.told for chapter in self._chapters), rest])

    @property
    def _standing(self) -> Standing:
        return self._chapters[-1].after if self._chapters else Standing()

    def _forget_what_has_changed(self, scene: "_Scene") -> None:
        events = scene.facts.run.events
        seen = (scene.facts.lives, scene.closed, events[:1])
        if seen != self._seen:
            self._chapters, self._seen, self._refused = [], seen, 0
        for place, chapter in enumerate(self._chapters):
            same = events[chapter.after.place - 1 : chapter.after.place] == chapter.part.events[-1:]
            if not same or scene.seen(chapter.part) != chapter.seen:
                del self._chapters[place:]
                break

    def _end_a_chapter(self, scene: "_Scene") -> None:
        begin = self._standing.place
        end = begin + _quiet(scene.facts.run.events[begin : -self._latest])
        if end < max(begin, self._refused) + self._least:
            return
        part = Part.of(scene.facts.run, self._standing, end)
        told, after = scene.tell(part)
        if part.is_over and told.sound and (not self._chapters or self._chapters[-1].told.then(told)):
            self._chapters.append(_Chapter(part, told, scene.seen(part), after))
        else:
            self._refused = end


def tell(facts: Facts) -> Tale:
    """Read the moments of a run, and what lasted between them, off its facts."""
    return _whole(_Scene(facts.by_the_servers_clock()))


def _whole(scene: "_Scene") -> Tale:
    return scene.tale([scene.tell(Part.of(scene.facts.run, Standing()))[0]])


class _Scene:
    """All that is known of a run at one moment, made ready to be told in parts."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.cast = Cast(facts)
        self.replays = list(replays_of(facts.trace, self.cast))
        self.rows: dict[str, list[ActivityAttempt]] = defaultdict(list)
        for row in facts.attempts:
            self.rows[row.activity_id].append(row)
        events = facts.run.events
        self.closed = events[-1].at if facts.run.closed and len(events) > 1 else None

    def tell(self, part: Part) -> tuple[Told, Standing]:
        """What happened in a part, and how the run stands after it."""
        notes, run = Notes(part, self.closed), self.facts.run
        tell_lives(notes, self.cast)
        tell_events(notes, run)
        task = tell_tasks(notes, run, self.cast)
        after = tell_gates(notes)
        tell_activities(notes, self.facts, self.rows, self.cast)
        tell_replays(notes, self.replays, self.cast)
        tell_acts(notes, self.cast)
        return notes.told(), replace(after, task=task)

    def tale(self, parts: list[Told]) -> Tale:
        """The whole run from what was told of its parts."""
        stretches = [stretch for part in parts for stretch in part.stretches]
        stretches.sort(key=lambda stretch: stretch.kind == "parked")  # they are drawn last
        return Tale(
            plain(self.facts.run.workflow_type),
            self.facts.run.status,
            self.cast.start,
            tuple(moment for part in parts for moment in part.moments),
            (*self.cast.lives, *stretches),
        )

    def seen(self, part: Part) -> Any:
        """What a part is told from beside history, as a value to compare."""
        rows = [self.rows.get(activity.activity_id) for _, activity in part.activities]
        lives = [(w.began, w.ended) for w in self.cast.workers]
        moments = [m for pair in lives for m in pair if m and part.has(m.at)]
        replays = [r for r in self.replays if part.has(r.moment.at, r.event_id)]
        return rows, [_words(m) for m in moments], [(_words(r.moment), r.event_id) for r in replays]


def _words(moment: Moment) -> tuple[float, str, str]:
    return moment.at, moment.text, moment.detail


def _quiet(events: Iterable[Event]) -> int:
    """The last place among these events at which nothing is under way, and where no task's commands follow; or 0."""
    found = activities = tasks = 0
    untaken = False
    for place, event in enumerate(events):
        if not (activities or tasks or untaken or is_command(event)):
            found = place
        activities += (event.type == "ACTIVITY_TASK_SCHEDULED") - (event.type in ACTIVITY_ENDS)
        tasks += (event.type == "WORKFLOW_TASK_SCHEDULED") - (event.type in TASK_ENDS)
        untaken = (untaken or event.type == "WORKFLOW_EXECUTION_SIGNALED") and event.type != "WORKFLOW_TASK_STARTED"
    return found
