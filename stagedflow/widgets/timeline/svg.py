"""Draws a timeline as SVG: lanes, labels where there is room, axis and legend. Nothing is measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from stagedflow.widgets.escaping import escape
from stagedflow.widgets.timeline.axis import Seconds, Steps, duration
from stagedflow.widgets.timeline.picture import Lane, Mark, Span, Timeline
from stagedflow.widgets.timeline.shapes import JUPYTER, PAPER, Palette, Shapes, px, style_of, wide_of
from stagedflow.widgets.timeline.tale import plain
from stagedflow.widgets.timeline.tale.moments import ACTIVITIES, TASKS, WORKERS

GUTTER = 150.0
"""Pixels left of the axis, for the names of the lanes."""

_LEGEND = (
    (("task", "completed"), "task", "executed now"),
    (("replay",), "replay", "replayed from history"),
    (("in flight",), "in flight", "in flight: from ledger and describe, not yet in history"),
    (("parked",), "parked", "parked"),
    (("wait",), "wait", "the server waits for a dead worker"),
    (("queued",), "queued", "waits for a worker"),
    (("retry",), "retry", "waits for its next attempt"),
    (("signal",), "signal", "signal"),
    (("crashed", "died"), "crashed", "crashed"),
    (("stopped",), "stopped", "stopped gracefully"),
)
_HEIGHT = {TASKS: 54, WORKERS: 22}
_HEADED = (ACTIVITIES, WORKERS)
_FIRST = ("replay", "task failed", "wait", "closed", "queued", "parked", "event", "workflow")


def as_svg(timeline: Timeline, width: int = 900) -> str:
    """The picture: over steps for a saved page, over seconds for a live one in the colours of its theme.

    Args:
        timeline: What to draw.
        width: In pixels, for the live one.
    """
    if timeline.steps:
        return draw(timeline, Steps(timeline.begin, timeline.end, GUTTER, over=not timeline.running), PAPER)
    times = {t for lane in timeline.lanes for s in lane.spans for t in (s.start, s.end) if t is not None}
    times |= {mark.at for lane in timeline.lanes for mark in lane.marks}
    over = not timeline.running
    return draw(timeline, Seconds(times, timeline.begin, timeline.end, GUTTER, max(width, 400), over=over), JUPYTER)


def draw(timeline: Timeline, axis: Seconds | Steps, palette: Palette) -> str:
    """The whole picture."""
    picture = _Picture(timeline, axis)
    y, group = 8.0, ""
    rules: list[float] = []
    for lane in timeline.lanes:
        if lane.group != group:
            if group:
                y += 3
                rules.append(y)
                y += 3
            if lane.group in _HEADED:
                picture.text(8, y + 13, lane.group, "q")
                y += 18
        group = lane.group
        y = picture.lane(lane, y)
    bottom = y + 4
    foot = picture.foot(bottom)
    height = round(foot + 8)
    back = f'<rect width="{axis.width}" height="{height}" rx="8" class="card"/>' if palette.card else ""
    grid = "".join(f"M{px(t.x)} 6V{px(bottom)}" for t in axis.ticks)
    grid += "".join(f"M8 {px(r)}H{px(axis.right)}" for r in rules)
    breaks = "".join(
        f'<rect x="{px(b.x0)}" y="6" width="{px(b.x1 - b.x0)}" height="{px(bottom - 6)}" class="cut"/>'
        for b in axis.breaks
    )
    label, size = escape(plain(timeline.summary, 400)), f"{axis.width} {height}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{palette.name}" role="img" aria-label="{label}" '
        f'width="{axis.width}" height="{height}" viewBox="0 0 {size}">{style_of(palette)}{back}{breaks}'
        f'<path d="{grid}" class="grid"/><path d="M{px(axis.left)} {px(bottom)}H{px(axis.right)}" class="axis"/>'
        f"{''.join(picture.parts)}</svg>"
    )


@dataclass
class _Row:
    """What is taken in one row: by shapes, and by labels."""

    shapes: list[tuple[float, float]] = field(default_factory=list)
    labels: list[tuple[float, float]] = field(default_factory=list)

    def free(self, x0: float, x1: float, *, own: tuple[float, float] | None = None) -> bool:
        """True if nothing but a label's own shape is there."""
        others = [s for s in self.shapes if s != own] + self.labels
        return all(x1 <= a or b <= x0 for a, b in others)


class _Picture(Shapes):
    def __init__(self, timeline: Timeline, axis: Seconds | Steps) -> None:
        super().__init__(timeline, axis)
        self.kinds: set[str] = set()

    def lane(self, lane: Lane, y: float) -> float:
        """Draw one lane; returns where the next one begins."""
        height = _HEIGHT.get(lane.group, 24)
        tracks = _tracks(lane)
        indent = 18 if lane.group in _HEADED else 8
        self.kinds |= {s.kind for s in lane.spans} | {m.kind for m in lane.marks}
        detail = f"  {lane.detail}" if lane.detail else ""
        fits = int((GUTTER - indent - 6) / wide_of("x"))
        title_y = y + (height - 13 if lane.group == TASKS else height / 2 + 4)
        title = plain(lane.title, max(6, fits - len(detail)))
        self.text(indent, title_y, title)
        if detail:
            self.text(indent + wide_of(title) + 6, title_y, detail.strip(), "q")
        for number, spans in enumerate(tracks):
            marks = lane.marks if not number else ()
            self._track(lane, spans, marks, y + height * number, height)
        return y + height * len(tracks)

    def _track(self, lane: Lane, spans: "Sequence[Span]", marks: "Sequence[Mark]", y: float, height: float) -> None:
        row, middle = _Row(), y + (height - 17 if lane.group == TASKS else height / 2)
        replays = [m for m in marks if m.kind == "replay"]
        todo: list[tuple[str, tuple[float, float], list[str]]] = []
        for span in spans:
            extent = self.span(span, middle, replays)
            if span.kind != "life":  # thin enough to write across
                row.shapes.append(extent)
            todo.append((span.kind, extent, _span_words(span, lane.group, seconds=not self.timeline.steps)))
        for mark in marks:
            extent = self.mark(mark, middle, spans)
            row.shapes.append(extent)
            todo.append((mark.kind, extent, _mark_words(mark)))
        todo.sort(key=lambda t: (_FIRST.index(t[0]) if t[0] in _FIRST else len(_FIRST), -t[1][0]))
        above = [(_Row(), y + 26), (_Row(), y + 12)] if lane.group == TASKS else []
        for kind, extent, words in todo:
            self._label(above or [(row, middle + 4)], kind, extent, words, above=bool(above))

    def _label(
        self,
        rows: Sequence[tuple[_Row, float]],
        kind: str,
        extent: tuple[float, float],
        words: list[str],
        *,
        above: bool,
    ) -> None:
        """Write the first wording that has room: inside its shape, right or left of it, or on a line above it."""
        x0, x1 = extent
        for text in words:
            wide = wide_of(text)
            middle, start, end = ((x0 + x1) / 2, "middle"), (x0, ""), (x1, "end")
            if kind == "life":
                places = [(x1 - 16, "end")]
            elif above:
                places = [middle, start, end] if wide <= x1 - x0 else [start, end]
            else:
                places = [middle] * (wide + 8 <= x1 - x0) + [(x1 + 5, ""), (x0 - 5, "end")]
            spots = list(product(rows, places))
            if kind == "closed":  # at the right edge, where nothing else is
                spots.insert(0, ((_Row(), rows[0][1] + 15), (x1 + 6, "")))
            for (row, y), (x, anchor) in spots:
                left = x - {"middle": wide / 2, "end": wide}.get(anchor, 0)
                inside = not above and anchor == "middle"
                in_view = left >= self.axis.left + 1 and left + wide <= self.axis.width - 4
                if in_view and row.free(left - 3, left + wide + 3, own=extent if inside else None):
                    row.labels.append((left, left + wide))
                    self.text(x, y, text, "in" if inside and kind != "wait" else "", anchor=anchor)
                    return

    def foot(self, y: float) -> float:
        """Axis labels, what the signs mean, and what was left out; returns where it ends."""
        for tick in self.axis.ticks:
            self.text(tick.x, y + 15, tick.label, "q", anchor="middle")
        for cut in self.axis.breaks:
            words = f"{cut.label} cut"
            x = (cut.x0 + cut.x1 - wide_of(words) - 10) / 2
            self.path(f"M{px(x)} {px(y + 15)}l4 -10m3 0l-4 10", "axis", f"{cut.label} without an event, drawn short")
            self.text(x + 10, y + 15, words, "q")
        x, y = 8.0, y + 36
        for kinds, sign, words in _LEGEND:
            if self.kinds.isdisjoint(kinds):
                continue
            if x + 24 + wide_of(words) > self.axis.width - 8 and x > 8:
                x, y = 8.0, y + 18
            self.sign(sign, x, y - 4)
            self.text(x + 22, y, words, "q")
            x += 22 + wide_of(words) + 16
        if self.timeline.note:
            y += 18
            self.text(8, y, f"({self.timeline.note})", "q", limit=200)
        return y


def _span_words(span: Span, group: str, *, seconds: bool) -> list[str]:
    """What to write on a span, the longest wording first."""
    if span.kind == "life":
        return ["alive"] if span.end is None else []
    if group == TASKS:
        took = f" {duration(span.end - span.start)}" if seconds and span.end is not None else ""
        over = " · timed out" if span.kind == "wait" and span.end is not None else ""
        words = (
            [span.label] if span.kind == "parked" else [f"{span.label}{took}{over}", f"{span.label}{took}", span.label]
        )
        return words if span.label else []
    short = span.label.removeprefix("attempt ")
    match span.kind:
        case "in flight":
            return [f"{span.label} in flight · {span.note}", f"{span.label} in flight", f"{short} in flight", short]
        case "completed":
            return [span.label, short]
        case "wait" | "retry" | "queued":
            return [span.label, span.label.removeprefix("server "), span.label.replace("server waits for", "until")]
    return [f"{span.label} {span.kind}", f"{short} {span.kind}", short]


def _mark_words(mark: Mark) -> list[str]:
    if mark.kind in ("task", "task timed out") or not mark.label:
        return []
    if mark.kind == "signal":
        return [mark.label, mark.label[mark.label.index("(") :]]
    return [mark.label, mark.label.partition(",")[0]]


def _tracks(lane: Lane) -> "list[list[Span]]":
    """Spans that overlap lie below one another, in at most three tracks; a workflow's own tasks follow one another."""
    tracks: list[list[Span]] = [[]]
    for span in sorted(lane.spans, key=lambda s: s.start) if lane.group == ACTIVITIES else ():
        free = (t for t in tracks if not t or (t[-1].end is not None and t[-1].end <= span.start))
        track = next(free, None)
        if track is None and len(tracks) < 3:
            tracks.append(track := [])
        (tracks[-1] if track is None else track).append(span)
    return tracks if lane.group == ACTIVITIES else [list(lane.spans)]
