"""What is noted of a part of a run while it is told, and the order in which its moments stand."""

import heapq
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

from stagedflow.widgets.timeline.tale.moments import CLOSE_TOGETHER, Moment, Stretch
from stagedflow.widgets.timeline.tale.part import Part

_EARLY = frozenset(("activity", "crashed", "stopped", "failed", "ended"))
_LATE = "worker"
_ALIKE = _EARLY | {_LATE, "activity ended"}
_ORDER = ("workflow", "crashed", "failed", "stopped", "ended", "activity", "signal", "task", "gate", "worker")
_PLACE = {kind: place for place, kind in enumerate(_ORDER)}

Key = tuple[float, int, tuple[int, str]]
"""What a moment is sorted by."""


@dataclass(frozen=True)
class Told:
    """A part of a run, told.

    Attributes:
        moments: In causal order.
        first: The least key of those that nothing comes before, or None: in the order of the whole run the part begins
            with it at the earliest.
        last: The greatest key, or None.
        sound: False if something in it contradicts the other parts, or itself: then it cannot stand by itself.
    """

    moments: tuple[Moment, ...]
    stretches: tuple[Stretch, ...]
    first: Key | None
    last: Key | None
    sound: bool

    def then(self, following: "Told") -> bool:
        """True if whatever is in the following part comes after all of this one."""
        if self.last is None or following.first is None:
            return True
        ends = next((m for m in reversed(self.moments) if not m.minor), None)
        begins = next((m for m in following.moments if not m.minor), None)
        return self.last < following.first and not (ends and begins and _are_alike(ends, begins))


@dataclass
class Notes:
    """Collects the moments of a part, and what must come before what.

    Attributes:
        part: The part of the run that they belong to.
        closed: When the run has ended, or None.
        history: Moments that stand for an event, by event id; what lies between two events has an id between theirs.
        loose: Moments that history does not order.
        before: Pairs of moments of which the first must come first.
    """

    part: Part
    closed: float | None
    history: list[tuple[float, Moment]] = field(default_factory=list)
    loose: list[Moment] = field(default_factory=list)
    before: list[tuple[Moment, Moment]] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    def told(self) -> Told:
        """All moments in order: causes first, and by time where nothing else decides."""
        chain = [moment for _, moment in sorted(self.history, key=itemgetter(0))]
        moments = [*chain, *self.loose]
        number = {m: i for i, m in enumerate(moments)}
        after: list[list[int]] = [[i + 1] for i in range(len(chain) - 1)]
        after += [[] for _ in moments[len(after) :]]
        ids = self.part.ids
        sound = all(ids[0] - 0.06 < id < ids[1] - 0.06 for id, _ in self.history)
        for first, second in self.before:
            if first in number and second in number:
                after[number[first]].append(number[second])
            else:  # a worker's start or end in another part
                begin = self.part.times[0]
                sound &= (first in number or first.at <= begin) and (second in number or second.at > begin)
        causes = [0] * len(moments)
        for followers in after:
            for follower in followers:
                causes[follower] += 1
        keys = [(_moved(m, self.closed), _PLACE.get(m.kind, len(_ORDER)), m.rank, i) for i, m in enumerate(moments)]
        ready = [keys[i] for i, count in enumerate(causes) if not count]
        heapq.heapify(ready)
        begins, ends = min(ready, default=None), max(keys, default=None)
        earliest = iter(sorted(keys))
        waits = [True] * len(moments)
        ordered: list[Moment] = []
        while len(ordered) < len(moments):
            if ready:
                chosen = heapq.heappop(ready)[-1]
            else:  # two clocks contradict each other: the earliest goes first all the same
                chosen, sound = next(key[-1] for key in earliest if waits[key[-1]]), False
            if not waits[chosen]:
                continue
            waits[chosen] = False
            ordered.append(moments[chosen])
            for follower in after[chosen]:
                causes[follower] -= 1
                if not causes[follower]:
                    heapq.heappush(ready, keys[follower])
        in_order = tuple(_alike_by_rank(ordered))
        return Told(in_order, tuple(self.stretches), begins and begins[:-1], ends and ends[:-1], sound)


def _moved(moment: Moment, closed: float | None) -> float:
    """The time to sort by: a worker's end and an attempt's start lean forward, a worker's start leans back."""
    if moment.kind in _EARLY and (closed is None or moment.at < closed):
        return moment.at - CLOSE_TOGETHER
    return moment.at + CLOSE_TOGETHER if moment.kind == _LATE else moment.at


def _are_alike(one: Moment, other: Moment) -> bool:
    return one.kind == other.kind and one.kind in _ALIKE and abs(other.at - one.at) <= CLOSE_TOGETHER


def _alike_by_rank(ordered: list[Moment]) -> list[Moment]:
    """Neighbours of one kind that lie close together have no order of their own, except signals: there it matters."""
    result: list[Moment] = []
    group: list[Moment] = []
    for moment in [m for m in ordered if not m.minor]:
        last = group[-1] if group else moment
        if not _are_alike(last, moment):
            result += sorted(group, key=attrgetter("rank"))
            group = []
        group.append(moment)
    result += sorted(group, key=attrgetter("rank"))
    majors = iter(result)
    return [m if m.minor else next(majors) for m in ordered]
