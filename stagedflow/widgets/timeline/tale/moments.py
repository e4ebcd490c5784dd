"""What happened in a run, as moments in causal order, and the stretches between two of them. Pure data.

History knows what the server was told, the ledger what the workers did, and each has a clock of its own. So moments are
ordered by what must come before what (a worker acts between its start and its end, an attempt begins after its activity
was scheduled), and by time only where nothing else decides. Where two unrelated ones lie close together the order is
fixed by what they are, so that two runs of one story read the same.
"""

import heapq
import re
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter, itemgetter

from stagedflow.widgets.escaping import visible

CLOSE_TOGETHER = 0.05
"""Seconds within which the clocks of server, kernel and workers say nothing about the order."""

TASKS, ACTIVITIES, SIGNALS, WORKERS = "workflow tasks", "activities", "signals", "workers"
"""The groups of lanes, in the order in which they are drawn."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EARLY = frozenset(("activity", "crashed", "stopped", "failed", "ended"))
_LATE = "worker"
_ALIKE = _EARLY | {_LATE, "activity ended"}
_ORDER = ("workflow", "crashed", "failed", "stopped", "ended", "activity", "signal", "task", "gate", "worker")
_PLACE = {kind: place for place, kind in enumerate(_ORDER)}


@dataclass(eq=False, slots=True)  # not frozen: a long run has thousands, and that would make each one thrice as slow
class Moment:
    """Something that happened at one time. Never changed.

    Attributes:
        at: Seconds since the epoch.
        kind: "workflow", "gate", "task", "task failed", "task timed out", "replay", "activity" (an attempt's start),
            "activity ended", "signal", "worker" (its start), "crashed", "stopped", "failed", "closed" or "event".
        text: In words that are the same in every run of the same story.
        detail: What differs from run to run: a pid, a failure's message.
        label: The short form, for the picture.
        minor: True for what a story leaves out: one workflow task more or less does not change it.
        rank: Fixes the order among moments of one kind that lie close together.
    """

    at: float
    kind: str
    text: str = ""
    detail: str = ""
    label: str = ""
    lane: tuple[str, str] = (TASKS, TASKS)
    minor: bool = False
    rank: tuple[int, str] = (0, "")


@dataclass(eq=False, slots=True)
class Stretch:
    """What lasted from one moment to another, or lasts still. Never changed.

    Attributes:
        lane: The group and the title of its lane.
        kind: "life", "parked", "queued", "wait", "task", "retry", or of an attempt: "completed", "failed", "cancelled",
            "timed out", "died" or "in flight".
        label: Short, for the picture; `note` is for where there is room.
        worker: The worker's name, or "".
    """

    lane: tuple[str, str]
    kind: str
    label: str
    opening: Moment
    closing: Moment | None
    worker: str = ""
    note: str = ""


@dataclass(frozen=True)
class Tale:
    """One run, ready to be told: all its moments in causal order, and the stretches between them."""

    workflow_type: str
    status: str
    start: float
    moments: tuple[Moment, ...] = ()
    stretches: tuple[Stretch, ...] = ()

    @property
    def story(self) -> tuple[Moment, ...]:
        """The moments that count, up to the end of the run."""
        major = tuple(m for m in self.moments if not m.minor)
        end = next((i for i, m in enumerate(major, 1) if m.kind == "closed"), len(major))
        return major[:end]


def plain(text: object, limit: int = 60) -> str:
    """One bounded line of text that XML can hold, its hidden characters as signs."""
    return _plain(str(text)[: limit * 4], limit)


@lru_cache(4_096)
def _plain(told: str, limit: int) -> str:
    told = visible(told, limit=len(told), keep="\t\n\r")
    line = " ".join(_NOT_XML.sub("\ufffd", told).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


@dataclass
class Notes:
    """Collects moments, and what must come before what.

    Attributes:
        history: Moments that stand for an event, by event id; what lies between two events has an id between theirs.
        loose: Moments that history does not order.
        before: Pairs of moments of which the first must come first.
    """

    history: list[tuple[float, Moment]] = field(default_factory=list)
    loose: list[Moment] = field(default_factory=list)
    before: list[tuple[Moment, Moment]] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    def in_order(self) -> tuple[Moment, ...]:
        """All moments, causes first, and by time where nothing else decides."""
        chain = [moment for _, moment in sorted(self.history, key=itemgetter(0))]
        moments = [*chain, *self.loose]
        number = {m: i for i, m in enumerate(moments)}
        after: list[list[int]] = [[i + 1] for i in range(len(chain) - 1)]
        after += [[] for _ in moments[len(after) :]]
        for first, second in self.before:
            after[number[first]].append(number[second])
        causes = [0] * len(moments)
        for followers in after:
            for follower in followers:
                causes[follower] += 1
        closed = next((m.at for m in moments if m.kind == "closed"), None)
        keys = [(_moved(m, closed), _PLACE.get(m.kind, len(_ORDER)), m.rank, i) for i, m in enumerate(moments)]
        ready = [keys[i] for i, count in enumerate(causes) if not count]
        heapq.heapify(ready)
        earliest = iter(sorted(keys))
        waits = [True] * len(moments)
        ordered: list[Moment] = []
        while len(ordered) < len(moments):
            # If none is ready, two clocks contradict each other: the earliest goes first all the same.
            chosen = heapq.heappop(ready)[-1] if ready else next(key[-1] for key in earliest if waits[key[-1]])
            if not waits[chosen]:
                continue
            waits[chosen] = False
            ordered.append(moments[chosen])
            for follower in after[chosen]:
                causes[follower] -= 1
                if not causes[follower]:
                    heapq.heappush(ready, keys[follower])
        return tuple(_alike_by_rank(ordered))


def _moved(moment: Moment, closed: float | None) -> float:
    """The time to sort by: a worker's end and an attempt's start lean forward, a worker's start leans back."""
    if moment.kind in _EARLY and (closed is None or moment.at < closed):
        return moment.at - CLOSE_TOGETHER
    return moment.at + CLOSE_TOGETHER if moment.kind == _LATE else moment.at


def _alike_by_rank(ordered: list[Moment]) -> list[Moment]:
    """Neighbours of one kind that lie close together have no order of their own, except signals: there it matters."""
    result: list[Moment] = []
    group: list[Moment] = []
    for moment in [m for m in ordered if not m.minor]:
        last = group[-1] if group else moment
        alike = moment.kind == last.kind and moment.kind in _ALIKE
        if not alike or abs(moment.at - last.at) > CLOSE_TOGETHER:
            result += sorted(group, key=attrgetter("rank"))
            group = []
        group.append(moment)
    result += sorted(group, key=attrgetter("rank"))
    majors = iter(result)
    return [m if m.minor else next(majors) for m in ordered]
