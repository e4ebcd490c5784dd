"""The timeline of a run: lanes of spans and marks, as a live picture over seconds, as a stable one over steps, as text.

Pure: from `Facts` to data, SVG and text; no Jupyter, no server.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter

from stagedflow.lab.facts import Facts
from stagedflow.widgets.timeline.picture import Lane, Mark, Span, Timeline
from stagedflow.widgets.timeline.svg import as_svg
from stagedflow.widgets.timeline.tale import Moment, Tale, Teller, tell
from stagedflow.widgets.timeline.tale.moments import ACTIVITIES, SIGNALS, TASKS, WORKERS

MAX_ITEMS = 160
"""Spans and marks in one picture; the oldest are left out, and the picture says so."""
MAX_STEPS = 60
MAX_LINES = 200
MAX_LANES = {ACTIVITIES: 10, WORKERS: 8}

_MARKED = frozenset((
    "workflow", "task failed", "task timed out", "replay", "signal", "crashed", "stopped", "failed", "ended", "closed",
    "event",
))  # fmt: skip
_BY_A_TASK = ("completed", "failed", "cancelled", "continued as new")


def timeline(facts: Facts, *, now: float, teller: Teller | None = None) -> Timeline:
    """The timeline of a run as it stands.

    Args:
        facts: All that is known of it.
        now: Seconds since the epoch: where the picture ends while the run goes on.
        teller: For a picture that is drawn again and again: it remembers what is over, and changes nothing else.
    """
    tale, now = teller.tell(facts) if teller else tell(facts), now + (facts.clock_ahead or 0.0)
    running = tale.status == "running"
    times = [m.at - tale.start for m in tale.moments]
    end = max([0.0, 1.0, *times, *([now - tale.start] if running else [])])
    begin = _begin(
        [max(s.opening.at, s.closing.at) - tale.start if s.closing else end for s in tale.stretches]
        + [time for time, m in zip(times, tale.moments, strict=True) if _is_marked(m)]
    )
    lanes = _lanes(tale, lambda m: m.at - tale.start, since=begin if begin and begin > 0.0 else None)
    return _bounded(Timeline(_summary(tale, tale.moments), lanes, 0.0, end, running, _lines(tale, lanes)), begin)


def _lines(tale: Tale, lanes: tuple[Lane, ...]) -> tuple[str, ...]:
    """The latest moments in words, by their time, and what lasts still."""
    told = sorted((m for m in tale.moments if m.text and not (m.minor and m.kind == "gate")), key=attrgetter("at"))
    left_out = max(0, len(told) - MAX_LINES)
    lines = [f"({left_out} earlier moments left out)"] if left_out else []
    lines += [f"{m.at - tale.start:+.1f} s  {m.text}{f' ({m.detail})' if m.detail else ''}" for m in told[left_out:]]
    for lane in lanes if tale.status == "running" else ():
        lines += [f"now: {lane.title}: {', '.join(filter(None, (s.label, s.kind, s.note)))}"
                  for s in lane.spans if s.end is None and s.kind != "life"]  # fmt: skip
    return tuple(lines)


def story(facts: Facts) -> tuple[str, ...]:
    """The moments of a run in causal order, without times, ids or pids: the same for every run of the same story."""
    return tuple(moment.text for moment in tell(facts).story)


def snapshot_svg(facts: Facts) -> str:
    """A picture of the story, for an `<img>`: its axis counts the lines of `story`; the same story, the same bytes."""
    tale = tell(facts)
    moments = tale.story
    number = {id(m): float(i) for i, m in enumerate(moments, 1)}
    places: dict[int, float] = {}
    at = 1.0
    for moment in tale.moments:
        at = number.get(id(moment), at)
        places[id(moment)] = at
    after = set(map(id, tale.moments[tale.moments.index(moments[-1]) + 1 :])) if tale.status != "running" else set()
    lanes = _lanes(tale, lambda m: None if id(m) in after else places[id(m)], details=False)
    ticks = [Mark(number[id(m)], "task", "", "workflow task completed") for m in moments if _by_a_task(m)]
    lanes = tuple(
        replace(lane, detail="", spans=_lasting(lane), marks=(*(ticks if lane.group == TASKS else ()), *lane.marks))
        for lane in lanes
    )
    summary = _summary(tale, moments)
    picture = Timeline(summary, lanes, 1.0, float(len(moments)), tale.status == "running", steps=True)
    times = [picture.end if s.end is None else s.end for lane in lanes for s in lane.spans]
    return as_svg(_bounded(picture, _begin(times + [m.at for lane in lanes for m in lane.marks])))


def _by_a_task(moment: Moment) -> bool:
    """True if a completed workflow task brought this about."""
    first_attempt = moment.kind == "activity" and moment.rank[1].strip() == "1"
    return first_attempt or moment.kind == "gate" or (moment.kind == "closed" and moment.label in _BY_A_TASK)


def _lasting(lane: Lane) -> tuple[Span, ...]:
    """The spans that last for more than one step; what a pid was is no part of a story."""
    return tuple(
        replace(s, note="" if s.kind == "life" else s.note)
        for s in lane.spans if s.kind != "task" and (s.end is None or s.end > s.start)
    )  # fmt: skip


def _is_marked(moment: Moment) -> bool:
    return moment.kind in _MARKED and not moment.minor


def _lanes(
    tale: Tale, place: Callable[[Moment], float | None], *, since: float | None = None, details: bool = True
) -> tuple[Lane, ...]:
    """Each moment and stretch in its lane, at its place; a moment that has none lies beyond the picture."""
    order = {TASKS: 0, ACTIVITIES: 1, SIGNALS: 2, WORKERS: 3}
    spans: dict[tuple[str, str], list[Span]] = {(TASKS, TASKS): [], (SIGNALS, SIGNALS): []}
    details_of: dict[tuple[str, str], str] = {}
    for stretch in tale.stretches:
        in_lane = spans.setdefault(stretch.lane, [])
        if (start := place(stretch.opening)) is None:
            continue
        if stretch.kind == "life":
            details_of.setdefault(stretch.lane, stretch.note)
        end = place(stretch.closing) if stretch.closing else None
        end = end if end is None else max(end, start)
        if since is None or end is None or end >= since:
            in_lane.append(Span(start, end, stretch.kind, stretch.label, stretch.worker, stretch.note))
    marks: dict[tuple[str, str], list[Mark]] = {key: [] for key in spans}
    for m in filter(_is_marked, tale.moments):
        at = place(m)
        if m.lane in marks and at is not None and (since is None or at >= since):
            words = f"{m.text} ({m.detail})" if m.detail and details else m.text
            marks[m.lane].append(Mark(at, m.kind, m.label, words))
    return tuple(
        Lane(*key, tuple(spans[key]), tuple(marks[key]), details_of.get(key, ""))
        for key in sorted(spans, key=lambda k: order[k[0]])
    )


def _begin(times: list[float]) -> float | None:
    """Since when there are as many spans (by their ends) and marks as a picture may hold; None if all may be in it."""
    return sorted(times)[-MAX_ITEMS] if len(times) > MAX_ITEMS else None


def _bounded(whole: Timeline, begin: float | None) -> Timeline:
    """The latest of a long run: what lasted until `begin` or later, and of that a bounded part."""
    notes = []
    begin = whole.begin if begin is None else begin
    if whole.steps:
        begin = max(begin, whole.end - MAX_STEPS + 1)
    lanes = list(whole.lanes)
    if begin > whole.begin:
        notes.append(f"moments before {f'step {begin:g}' if whole.steps else f'{begin:.1f} s'} are left out")
        lanes = [
            replace(
                lane,
                spans=tuple(s for s in lane.spans if s.end is None or s.end >= begin)[-MAX_ITEMS:],
                marks=tuple(m for m in lane.marks if m.at >= begin)[-MAX_ITEMS:],
            )
            for lane in lanes
        ]
        lanes = [x for x in lanes if x.spans or x.marks or x.group in (TASKS, SIGNALS)]
    for group, most in MAX_LANES.items():
        of_group = [lane for lane in lanes if lane.group == group]
        if len(of_group) > most:
            notes.append(f"{len(of_group) - most} earlier {group} are left out")
            lanes = [lane for lane in lanes if lane not in of_group[:-most]]
    return replace(whole, lanes=tuple(lanes), begin=begin, note="; ".join(notes))


def _summary(tale: Tale, moments: tuple[Moment, ...]) -> str:
    """The picture in one sentence, as of its last moment."""
    count = Counter(m.kind for m in moments)
    done = sum(m.kind == "activity ended" and " completed (" in m.text and "never heard" not in m.text for m in moments)
    parts = [f"{done} activit{'y' if done == 1 else 'ies'} completed"]
    parts.append(f"{count['signal']} signal{'' if count['signal'] == 1 else 's'}")
    state: dict[str, str] = {}
    for moment in moments:
        if moment.lane[0] == WORKERS:
            state[moment.lane[1]] = "alive" if moment.kind == "worker" else moment.kind
    parts += [f"worker {name} {how}" for name, how in state.items()]
    last = next((m for m in reversed(moments) if m.kind not in ("worker", "crashed", "stopped", "failed")), None)
    parked = f", {last.text}" if last and last.kind == "gate" and tale.status == "running" else ""
    return f"{tale.workflow_type or 'Workflow'} {tale.status}{parked}: {', '.join(parts)}"
