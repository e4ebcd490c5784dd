"""The signs of a timeline: each kind of span and mark has a shape of its own beside its colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagedflow.widgets.escaping import escape
from stagedflow.widgets.timeline.axis import Seconds, Steps
from stagedflow.widgets.timeline.picture import Mark, Span, Timeline
from stagedflow.widgets.timeline.tale import plain

BAR = 14.0
CHARACTER = 6.0
"""Pixels to count for one character of 11 px text: nothing is measured."""


@dataclass(frozen=True)
class Palette:
    """The colours of a picture, and the class that they hold for; `back` is drawn only if `card` is True."""

    name: str
    text: str
    quiet: str
    line: str
    back: str
    live: str
    now: str
    again: str
    bad: str
    font: str
    card: bool


JUPYTER = Palette(
    name="sf-tl",
    text="var(--jp-ui-font-color1,#222)", quiet="var(--jp-ui-font-color2,#555)", line="var(--jp-border-color2,#ccc)",
    back="var(--jp-layout-color1,#fff)", live="var(--sf-live,#137a3b)", now="var(--sf-now,#b25e00)",
    again="var(--sf-again,#1f6fd1)", bad="var(--sf-bad,#c62828)",
    font="var(--jp-ui-font-family,sans-serif)", card=False,
)  # fmt: skip
PAPER = Palette(
    name="sf-still",
    text="#222", quiet="#555", line="#ccc", back="#fff", live="#137a3b", now="#b25e00", again="#1f6fd1", bad="#c62828",
    font="sans-serif", card=True,
)  # fmt: skip


def style_of(p: Palette) -> str:
    """The style element; its rules hold for pictures of this palette only."""
    rules = {
        "text": f"font:11px {p.font};fill:{p.text};paint-order:stroke;stroke:{p.back};stroke-width:3px;"
        "stroke-linejoin:round",
        ".q": f"fill:{p.quiet}", ".in": "stroke:none",
        ".card": f"fill:{p.back};stroke:{p.line}", ".cut": f"fill:{p.quiet};fill-opacity:.09",
        ".grid": f"stroke:{p.line};stroke-width:1;stroke-opacity:.55;fill:none", ".axis": f"stroke:{p.quiet};fill:none",
        ".live": f"fill:{p.live};fill-opacity:.18;stroke:{p.live}", ".tick": f"fill:{p.live}",
        ".now": f"fill:{p.now};fill-opacity:.18;stroke:{p.now}", ".dash": "stroke-dasharray:4 2",
        ".sig": f"fill:{p.now}", ".again": f"fill:{p.again}", ".bad": f"stroke:{p.bad};stroke-width:2.2;fill:none",
        ".err": f"fill:{p.bad};fill-opacity:.14;stroke:{p.bad}", ".idle": f"fill:{p.quiet};fill-opacity:.3;stroke:none",
        ".rim": f"fill:none;stroke:{p.quiet}", ".hatch": f"fill:none;stroke:{p.quiet};stroke-opacity:.55",
        ".park": f"fill:none;stroke:{p.quiet};stroke-width:2;stroke-opacity:.7", ".ink": f"fill:{p.quiet}",
    }  # fmt: skip
    return f"<style>{''.join(f'.{p.name} {name}{{{rule}}}' for name, rule in rules.items())}</style>"


def px(number: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")


def wide_of(text: str) -> float:
    """About how wide a text is drawn, in pixels."""
    return len(text) * CHARACTER


class Shapes:
    """Draws signs and texts, one after another, into `parts`."""

    def __init__(self, timeline: Timeline, axis: Seconds | Steps) -> None:
        self.timeline, self.axis = timeline, axis
        self.parts: list[str] = []

    def text(self, x: float, y: float, text: str, style: str = "", *, limit: int = 120, anchor: str = "") -> None:
        """One line of text, escaped and bounded."""
        named = (f' class="{style}"' if style else "") + (f' text-anchor="{anchor}"' if anchor else "")
        self.parts.append(f'<text x="{px(x)}" y="{px(y)}"{named}>{escape(plain(text, limit))}</text>')

    def path(self, d: str, style: str, title: str = "") -> None:
        """A path with a tooltip."""
        inside = f"<title>{escape(plain(title, 200))}</title>" if title else ""
        self.parts.append(
            f'<path d="{d}" class="{style}">{inside}</path>' if inside else f'<path d="{d}" class="{style}"/>'
        )

    def cross(self, x: float, y: float, title: str) -> None:
        """The sign of a crash."""
        self.path(f"M{px(x - 5)} {px(y - 5)}l10 10m0 -10l-10 10", "bad", title)

    def span(self, span: Span, y: float, replays: "Sequence[Mark]") -> tuple[float, float]:
        """Draw one span; returns the pixels that it takes."""
        x0, open_ = self.axis.x(span.start), span.end is None
        x1 = self.axis.right if span.end is None else self.axis.x(span.end)
        title = ", ".join(filter(None, (span.label, span.kind if span.kind not in ("task", "life") else "", span.note)))
        top, h = y - BAR / 2, BAR
        match span.kind:
            case "life":
                began = span.start >= self.timeline.begin
                self.path(f"M{px(x0)} {px(y - 3)}H{px(x1)}v6H{px(x0)}z", "idle", f"worker {span.worker} {span.note}")
                if began:
                    self.path(f"M{px(x0)} {px(y - 6)}v12", "rim")
                if open_:
                    self.path(f"M{px(x1 - 1)} {px(y - 6)}l8 6l-8 6z", "ink", f"worker {span.worker} is alive")
            case "parked":
                cap = "" if open_ else f"M{px(x1)} {px(y - 4)}v8"
                self.path(f"M{px(x0)} {px(y - 4)}v8M{px(x0)} {px(y)}H{px(x1)}{cap}", "park", title)
            case "task" if not open_:
                middle = next(
                    (self.axis.x(m.at) for m in replays if span.start <= m.at <= (span.end or 0) + 0.05), None
                )
                x1 = max(x1, x0 + 3)
                if middle is not None:
                    x0 = max(middle, x0 + 7) + 1
                    x1 = max(x1, x0 + 3)
                self.path(_box(x0, top, x1, h), "tick", f"workflow task by worker {span.worker}")
            case "wait":
                self._hatched(x0, x1, top, title)
            case "queued" | "retry":
                self.path(_box(x0, top + 2, x1, h - 4), "rim dash", title)
            case "in flight" | "task":
                ragged = "".join(f"l{-4 if i % 2 == 0 else 4} {px(h / 6)}" for i in range(6))
                self.path(f"M{px(x0)} {px(top)}H{px(x1)}{ragged}H{px(x0)}z", "now dash", title)
            case "died":
                x1 = max(x1, x0 + 4)
                self.path(_box(x0, top, x1, h), "now", title)
                self.cross(x1, y, title)
                return (x0, x1 + 6)
            case "failed" | "timed out":
                x1 = max(x1, x0 + 4)
                self.path(_box(x0, top, x1, h), "err", title)
            case _:
                x1 = max(x1, x0 + 4)
                self.path(_box(x0, top, x1, h), "live" if span.kind == "completed" else "rim", title)
        return (x0, x1)

    def _hatched(self, x0: float, x1: float, top: float, title: str) -> None:
        lines, x = "", x0 + 2
        while x + BAR / 2 <= x1:
            lines += f"M{px(x)} {px(top + BAR)}l{px(BAR / 2)} {px(-BAR)}"
            x += 7
        self.path(_box(x0, top, x1, BAR), "rim", title)
        self.path(lines, "hatch", title) if lines else None

    def mark(self, mark: Mark, y: float, spans: "Sequence[Span]") -> tuple[float, float]:
        """Draw one mark; returns the pixels that it takes."""
        x = self.axis.x(mark.at)
        match mark.kind:
            case "crashed" | "failed" | "task failed":
                self.cross(x, y, mark.text)
            case "stopped" | "ended":
                self.path(_box(x - 4.5, y - 4.5, x + 4.5, 9), "ink", mark.text)
            case "signal":
                self.path(f"M{px(x)} {px(y - 6)}l5 6l-5 6l-5 -6z", "sig", mark.text)
            case "replay":
                task = next(
                    (s for s in spans if s.kind == "task" and s.end and s.start <= mark.at <= s.end + 0.05), None
                )
                x0 = self.axis.x(task.start) if task else x - 7
                x1 = max(x, x0 + 7) if task else x + 5
                self.path(_box(x0, y - BAR / 2, x1, BAR), "again", mark.text)
                return (x0, x1)
            case "task":
                self.path(_box(x - 2, y - BAR / 2, x + 2, BAR), "tick", mark.text)
            case "task timed out":
                self.path(f"M{px(x)} {px(y - 9)}v18", "bad", mark.text)
            case "workflow":
                x0 = x - (4 if self.timeline.steps else 10)
                self.path(f"M{px(x0)} {px(y - 6)}l9 6l-9 6z", "ink", mark.text)
            case "closed":
                x += 10
                self.path(f"M{px(x)} {px(y)}m-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0m3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
                          "ink", mark.text)  # fmt: skip
            case _:
                self.path(f"M{px(x)} {px(y)}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "rim", mark.text)
        return (x - 6, x + 6)

    def sign(self, sign: str, x: float, y: float) -> None:
        """A kind's sign for the legend."""
        top, x1 = y - 5, x + 16
        match sign:
            case "wait":
                self.path(_box(x, top, x1, 10), "rim")
                self.path("".join(f"M{px(x + 1 + i)} {px(y + 5)}l5 -10" for i in (0, 5, 10)), "hatch")
            case "queued" | "retry":
                self.path(_box(x, top, x1, 10), "rim dash")
            case "in flight":
                self.path(f"M{px(x)} {px(top)}H{px(x1)}l-4 2.5l4 2.5l-4 2.5l4 2.5H{px(x)}z", "now dash")
            case "parked":
                self.path(f"M{px(x)} {px(top + 1)}v8m0 -4H{px(x1)}m0 -4v8", "park")
            case "signal":
                self.path(f"M{px(x + 8)} {px(y - 6)}l5 6l-5 6l-5 -6z", "sig")
            case "crashed":
                self.cross(x + 8, y, "")
            case "stopped":
                self.path(_box(x + 4, y - 4, x + 12, 8), "ink")
            case _:
                self.path(_box(x + 2, top, x1 - 2, 10), "again" if sign == "replay" else "tick")


def _box(x0: float, y: float, x1: float, h: float) -> str:
    """A rectangle, its corners rounded if it is wide enough."""
    if x1 - x0 < 8:
        return f"M{px(x0)} {px(y)}H{px(max(x1, x0))}v{px(h)}H{px(x0)}z"
    up, down = f"v{px(4 - h)}q0 -2 2 -2z", f"v{px(h - 4)}q0 2 -2 2"
    return f"M{px(x0 + 2)} {px(y)}H{px(x1 - 2)}q2 0 2 2{down}H{px(x0 + 2)}q-2 0 -2 -2{up}"
