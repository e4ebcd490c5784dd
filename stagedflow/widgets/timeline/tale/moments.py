"""What happened in a run, as moments in causal order, and the stretches between two of them. Pure data.

History knows what the server was told, the ledger what the workers did, and each has a clock of its own. So moments are
ordered by what must come before what (a worker acts between its start and its end, an attempt begins after its activity
was scheduled), and by time only where nothing else decides. Where two unrelated ones lie close together the order is
fixed by what they are, so that two runs of one story read the same.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from stagedflow.widgets.escaping import visible

CLOSE_TOGETHER = 0.05
"""Seconds within which the clocks of server, kernel and workers say nothing about the order."""

TASKS, ACTIVITIES, SIGNALS, WORKERS = "workflow tasks", "activities", "signals", "workers"
"""The groups of lanes, in the order in which they are drawn."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
