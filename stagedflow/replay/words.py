"""Small words that more than one part of a trace is told in."""

from collections.abc import Iterable

_UNITS = (("day", 86_400), ("hour", 3_600), ("min", 60))


def duration(seconds: float) -> str:
    """A span of time: "14 days", "1 hour 30 min", "5 s", "0.25 s"."""
    parts, rest = [], round(max(seconds, 0.0), 3)
    for unit, size in _UNITS:
        count = int(rest // size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 and unit != 'min' else ''}")
            rest -= count * size
    if rest or not parts:
        parts.append(f"{round(rest, 3):g} s")
    return " ".join(parts)


def spaced(name: str) -> str:
    """`schedule_activity` in words: "schedule activity"."""
    return name.replace("_", " ")


def listed(names: Iterable[str]) -> str:
    """Names in one order, whatever order they came in: "a, b"."""
    return ", ".join(sorted(names))


def one_line(text: str, limit: int = 200) -> str:
    """At most `limit` characters, with whatever is not printable replaced by a blank."""
    line = "".join(c if c.isprintable() else " " for c in text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"
