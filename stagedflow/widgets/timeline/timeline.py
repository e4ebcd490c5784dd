"""The timeline of a run: lanes of spans and marks, as a live picture over seconds, as a stable one over steps, as text.

Pure: from `Facts` to data, SVG and text; no Jupyter, no server.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from stagedflow.lab.facts import Facts
from stagedflow.widgets.timeline.picture import Lane, Mark, Span, Timeline
from stagedflow.widgets.timeline.svg import as_svg
from stagedflow.widgets.timeline.tale import Moment, Tale, tell
from stagedflow.widgets.timeline.tale.moments import ACTIVITIES, SIGNALS, TASKS, WORKERS

MAX_ITEMS = 160
"""Spans and marks in one picture; the oldest are left out, and the picture says so."""
MAX_STEPS = 60
MAX_LINES = 200
MAX_LANES = {ACTIVITIES: 10, WORKERS: 8}

_MARKED = (
    "workflow", "task failed", "task timed out", "replay", "signal", "crashed", "stopped", "failed", "ended", "closed",
    "event",
)  # fmt: skip
_BY_A_TASK = ("completed", "failed", "cancelled", "continued as new")


def timeline(facts: Facts, *, now: float) -> Timeline:
    """The timeline of a run as it stands.

    Args:
        facts: All that is known of it.
        now: Seconds since the epoch: where the picture ends while the run goes on.
    """
    tale, now = tell(facts), now + (facts.clock_ahead or 0.0)
    lanes = _lanes(tale, lambda m: m.at - tale.start)
    running = tale.status == "running"
    ends = [0.0, *(t for lane in lanes for s in lane.spans for t in (s.start, s.end) if t is not None)]
    end = max(ends + [m.at - tale.start for m in tale.moments] + ([now - tale.start] if running else []))
    lines = [f"{m.at - tale.start:+.1f} s  {m.text}{f' ({m.detail})' if m.detail else ''}" for m in _by_time(tale)]
    left_out = max(0, len(lines) - MAX_LINES)
    lines = [*([f"({left_out} earlier moments left out)"] if left_out else []), *lines[left_out:]]
    for lane in lanes if running else ():
        lines += [f"now: {lane.title}: {', '.join(filter(None, (s.label, s.kind, s.note)))}"
                  for s in lane.spans if s.end is None and s.kind != "life"]  # fmt: skip
    return _bounded(Timeline(_summary(tale, tale.moments), lanes, 0.0, max(end, 1.0), running, tuple(lines)))


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
    return as_svg(_bounded(picture))


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


def _by_time(tale: Tale) -> list[Moment]:
    return sorted((m for m in tale.moments if m.text and not (m.minor and m.kind == "gate")), key=lambda m: m.at)


def _lanes(tale: Tale, place: Callable[[Moment], float | None], *, details: bool = True) -> tuple[Lane, ...]:
    """Each moment and stretch in its lane, at its place; a moment that has none lies beyond the picture."""
    order = {TASKS: 0, ACTIVITIES: 1, SIGNALS: 2, WORKERS: 3}
    keys = {(TASKS, TASKS): None, (SIGNALS, SIGNALS): None} | {s.lane: None for s in tale.stretches}
    lanes = []
    for key in sorted(keys, key=lambda k: order[k[0]]):
        spans = []
        for stretch in tale.stretches:
            start = place(stretch.opening) if stretch.lane == key else None
            if start is not None:
                end = place(stretch.closing) if stretch.closing else None
                end = end if end is None else max(end, start)
                spans.append(Span(start, end, stretch.kind, stretch.label, stretch.worker, stretch.note))
        marks = [
            Mark(at, m.kind, m.label, f"{m.text} ({m.detail})" if m.detail and details else m.text)
            for m in tale.moments
            if m.lane == key and m.kind in _MARKED and not m.minor and (at := place(m)) is not None
        ]
        life = next((s for s in spans if s.kind == "life"), None)
        lanes.append(Lane(*key, tuple(spans), tuple(marks), life.note if life else ""))
    return tuple(lanes)


def _bounded(whole: Timeline) -> Timeline:
    """The latest of a long run."""
    notes = []
    items = sorted(
        [s.end if s.end is not None else whole.end for lane in whole.lanes for s in lane.spans]
        + [m.at for lane in whole.lanes for m in lane.marks]
    )
    begin = items[-MAX_ITEMS] if len(items) > MAX_ITEMS else whole.begin
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
