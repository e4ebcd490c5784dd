"""Where things lie from left to right: seconds with their long silences cut short, or equal steps."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

RIGHT = 14
ROOM = 76
"""Pixels right of the end of a run that is over, for the words on its last marks."""
BREAK = 110.0
"""Pixels for a silence that is cut short."""
LONG = 3.0
LARGE = 0.15
"""A silence is cut short if it is longer than `LONG` seconds and than this part of what is left."""


@dataclass(frozen=True)
class Tick:
    """A label on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Break:
    """A silence that is cut short."""

    x0: float
    x1: float
    label: str


class Seconds:
    """A piecewise linear axis of seconds.

    Args:
        times: When anything happens; a silence is a gap between two of them.
        begin: The left edge, in seconds.
        end: The right edge.
        left: Its pixel.
        width: The picture's width in pixels.
        over: True if the run has ended, so that nothing goes on at the right edge.
    """

    def __init__(
        self, times: Iterable[float], begin: float, end: float, left: float, width: int, *, over: bool
    ) -> None:
        self.left, self.right, self.width = left, float(width - RIGHT - (ROOM if over else 0)), width
        points = sorted({begin, end, *(t for t in times if begin < t < end)})
        gaps = [(a, b) for a, b in pairwise(points) if b - a > LONG]
        cut: set[tuple[float, float]] = set()
        span = max(end - begin, 1e-9)
        while more := {g for g in gaps if g not in cut and g[1] - g[0] > LARGE * span}:
            cut |= more
            span = max((end - begin) - sum(b - a for a, b in cut), 1e-9)
            if len(cut) == len(points) - 1:
                break
        each = min(BREAK, 0.5 * (self.right - left) / max(len(cut), 1))
        scale = (self.right - left - each * len(cut)) / span if len(cut) < len(points) - 1 else 0.0
        each = each if scale else (self.right - left) / len(cut)
        self.breaks: list[Break] = []
        self._times, self._xs = [points[0]], [left]
        for a, b in pairwise(points):
            x = self._xs[-1] + (each if (a, b) in cut else (b - a) * scale)
            if (a, b) in cut:
                self.breaks.append(Break(self._xs[-1], x, duration(b - a)))
            self._times.append(b)
            self._xs.append(x)
        self.ticks = self._ticks(scale)

    def x(self, at: float) -> float:
        """The pixel of a time; one outside the picture lies on its edge."""
        i = bisect_right(self._times, at)
        if i == 0:
            return self.left
        if i == len(self._times):
            return self.right
        (a, b), (x0, x1) = self._times[i - 1 : i + 1], self._xs[i - 1 : i + 1]
        return x0 + (x1 - x0) * (at - a) / (b - a)

    def _ticks(self, scale: float) -> list[Tick]:
        begin, end = self._times[0], self._times[-1]
        steps = [m * 10.0**e for e in range(-1, 8) for m in (1, 2, 5)]
        step = next((s for s in steps if s * scale >= 62), steps[-1])
        taken = [((b.x0 + b.x1) / 2 - 28, (b.x0 + b.x1) / 2 + 28) for b in self.breaks]
        ticks: list[Tick] = []
        at = step * -(-begin // step)
        inside = [(a, b) for a, b in zip(self._times, self._times[1:], strict=False)]
        while at <= end and len(ticks) < 40:
            x = self.x(at)
            if all(x + 16 < lo or x - 16 > hi for lo, hi in taken) and x <= self.right - 10:
                ticks.append(Tick(x, f"{at:g} s" if step < 60 else duration(at)))
                taken.append((x - 16, x + 16))
            following = at + step
            gap = next(((a, b) for a, b in inside if a <= following < b and self._is_cut(a)), None)
            at = step * -(-gap[1] // step) if gap else following
        return ticks

    def _is_cut(self, begin: float) -> bool:
        x = self._xs[self._times.index(begin)]
        return any(b.x0 == x for b in self.breaks)


class Steps:
    """An axis of equal steps, numbered: one for each line of a story."""

    def __init__(self, begin: float, end: float, left: float, *, over: bool) -> None:
        count = max(1, round(end - begin) + 1)
        self._step = max(26.0, min(60.0, 720.0 / count))
        self._begin, self.left = begin, left
        self.right = left + count * self._step + (6 if over else 40)
        self.width = round(self.right) + RIGHT + (ROOM if over else 0)
        self.breaks: list[Break] = []
        self.ticks = [Tick(self.x(begin + i), f"{begin + i:g}") for i in range(count)]

    def x(self, at: float) -> float:
        """The pixel of a step; one outside the picture lies on its edge."""
        return self.left if at < self._begin else self.left + (at - self._begin + 0.5) * self._step


def duration(seconds: float) -> str:
    """A length of time in at most two units: 7.8 s, 42 s, 3 min 5 s, 2 h 10 min, 9 d 4 h."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{min(seconds, 59.4):.0f} s"
    for unit, name, small, small_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= unit:
            rest = int(seconds % unit // small)
            return f"{int(seconds // unit)} {name}{f' {rest} {small_name}' if rest else ''}"
    return ""
