"""What a timeline shows: lanes of spans and marks, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Something that lasts; times are seconds since the run started, or steps.

    Attributes:
        end: None while it goes on.
        kind: See `stagedflow.widgets.timeline.tale.moments.Stretch`.
        worker: The worker's name, or "".
        note: What to say of it where there is room.
    """

    start: float
    end: float | None
    kind: str
    label: str
    worker: str = ""
    note: str = ""


@dataclass(frozen=True)
class Mark:
    """Something that happens at one time; `kind` as in `stagedflow.widgets.timeline.tale.moments.Moment`."""

    at: float
    kind: str
    label: str
    text: str = ""


@dataclass(frozen=True)
class Lane:
    """One row of the picture."""

    group: str
    title: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Timeline:
    """What there is to see and to say of one run.

    Attributes:
        summary: The whole picture in one sentence.
        begin: Where the picture begins: 0, or later if the oldest was left out.
        end: Its right edge: now, or the end of the run.
        running: True if what has no end goes on at the right edge.
        lines: The moments in words.
        note: What was left out, in words, or "".
        steps: True if the axis counts moments instead of seconds.
    """

    summary: str
    lanes: tuple[Lane, ...]
    begin: float
    end: float
    running: bool
    lines: tuple[str, ...] = ()
    note: str = ""
    steps: bool = False

    def text(self) -> str:
        """The same in words, one moment a line."""
        return "\n".join([self.summary, *self.lines])

    def __repr__(self) -> str:
        return f"Timeline({self.summary})"
