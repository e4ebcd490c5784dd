"""A worker's recovery of a workflow, read off a `ReplayTrace`: which lines it ran again, and where it went live."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagedflow.replay.sources import class_lines
from stagedflow.replay.trace import ReplayStep, ReplayTrace, WorkerLife

REPLAYED, LIVE = "↻", "●"


@dataclass(frozen=True)
class Recovery:
    """One worker's recovery of a workflow.

    Attributes:
        worker: The worker that recovered it.
        before: The worker that had run it before, or None if unknown.
        replayed: The activations that it ran from history.
        live: Its first activation that went on from there, or None as long as there is none.
        file: The workflow's own file; lines of other modules are not counted.
    """

    worker: WorkerLife
    before: WorkerLife | None
    replayed: tuple[ReplayStep, ...]
    live: ReplayStep | None
    file: str

    @property
    def lines_again(self) -> tuple[int, ...]:
        """The lines that it ran again, each once."""
        return tuple(sorted({line for step in self.replayed for file, line in step.lines if file == self.file}))

    @property
    def went_live_at(self) -> int | None:
        """The first line that it executed for the first time."""
        return next((line for file, line in self.live.lines if file == self.file), None) if self.live else None

    def words(self) -> str:
        """The recovery in a sentence or two."""
        told = (
            f"Worker {self.worker.name} (pid {self.worker.pid}) ran {lines_text(self.lines_again)} again, "
            "with every result taken from history"
        )
        if self.before:
            end = self.before.how or "was set aside"
            told += f"; worker {self.before.name} (pid {self.before.pid}) had run them before it {end}"
        if self.live is None:
            return f"{told}. It has not gone live yet: a query replays, but only a new event leads on."
        why = self.live.reason
        where = f"at line {self.went_live_at}" if self.went_live_at else "at the end of `run`"
        return f"{told}. Worker {self.worker.name} went live {where}, on {why}."


def recovery(trace: ReplayTrace, lives: Sequence[WorkerLife]) -> Recovery | None:
    """The last recovery in the trace: a worker other than the first that replayed. None if there was none."""
    by_pid = {life.pid: life for life in lives}
    pids = trace.workers
    for place in range(len(pids) - 1, 0, -1):
        steps = [s for s in trace.by(pids[place]) if not s.query]
        replayed = tuple(s for s in steps if s.is_replaying)
        if replayed and pids[place] in by_pid:
            live = next((s for s in steps if s.is_live and s.index > replayed[0].index), None)
            return Recovery(by_pid[pids[place]], by_pid.get(pids[place - 1]), replayed, live, trace.file)
    return None


@dataclass(frozen=True)
class Mark:
    """How a worker executed a line: `sign` is `REPLAYED` or `LIVE`, `place` its turn in that worker's order, from 1."""

    sign: str
    place: int


def marks(trace: ReplayTrace) -> dict[tuple[int, int], tuple[Mark, ...]]:
    """`(pid, line)` -> how that worker executed that line of the workflow's file: at most one mark of each sign."""
    found: dict[tuple[int, int], tuple[Mark, ...]] = {}
    for pid in trace.workers:
        executed = (
            (line, LIVE if step.is_live else REPLAYED)
            for step in trace.by(pid) if not step.query
            for file, line in step.lines if file == trace.file
        )  # fmt: skip
        for place, (line, sign) in enumerate(dict.fromkeys(executed), 1):
            found[pid, line] = (*found.get((pid, line), ()), Mark(sign, place))
    return found


def source_with_marks(trace: ReplayTrace, lives: Sequence[WorkerLife]) -> str:
    """The workflow's source as plain text, with one gutter a worker: the text twin of the panel's pane."""
    names = {life.pid: life.name for life in lives}
    marked = marks(trace)
    found = recovery(trace, lives)
    rows = [" ".join(f"{names.get(pid, '?'):<7}" for pid in trace.workers) + "  line"]
    source = trace.sources.get(trace.file, "")
    lines = source.split("\n")
    for number in class_lines(source, [n for s in trace.steps for f, n in s.lines if f == trace.file]):
        cells = ("".join(f"{m.sign}{m.place}" for m in marked.get((pid, number), ())) for pid in trace.workers)
        here = f"   <- worker {found.worker.name} went live here" if found and number == found.went_live_at else ""
        gutter = " ".join(f"{cell:<7}" for cell in cells)
        rows.append(f"{gutter}  {number:>4}  {lines[number - 1]}{here}".rstrip())
    return "\n".join(
        [*rows, f"{REPLAYED} ran again, results from history   {LIVE} executed now   numbers: in this order"]
    )


def lines_text(numbers: Sequence[int]) -> str:
    """Line numbers in the order given, in words: "line 72", "lines 76, 62–63", "no lines"."""
    runs: list[list[int]] = []
    for n in dict.fromkeys(numbers):
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    text = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)
    return f"{'line' if len(set(numbers)) == 1 else 'lines'} {text}" if text else "no lines"
