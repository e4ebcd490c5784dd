"""A trace as a table, for where no widget runs: plain text, and HTML that needs neither style nor script."""

from collections.abc import Sequence
from itertools import pairwise
from textwrap import wrap

from stagedflow.replay.recovery import lines_text
from stagedflow.replay.sources import files_of
from stagedflow.replay.trace import ReplayStep, ReplayTrace, Waiting
from stagedflow.widgets.escaping import MAX_ACCOUNT, escape, short_names, visible

MAX_ROWS = 40
MAX_CELL = 120
HEADS = ("step", "how", "brought", "lines", "commands", "then waits for", "state")


def text_table(trace: ReplayTrace, *, rows: int = MAX_ROWS) -> str:
    """The trace as plain text: a line what it is, then one row a step.

    Args:
        trace: Any trace.
        rows: The most steps to show: the first and the last, and how many stand between them.
    """
    shown, left_out = _chosen(trace, rows)
    table = [HEADS, *(_cells(trace, step) for step in shown)]
    widths = [min(34, max(len(row[n]) for row in table)) for n in range(len(HEADS))]
    body = [line for row in table for line in _wrapped(row, widths)]
    body.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*_before(trace), *body, *_after(left_out, shown)])


def html_table(trace: ReplayTrace, *, rows: int = MAX_ROWS) -> str:
    """The same as an HTML table, escaped, without style, script or ARIA: it survives where nothing is trusted."""
    shown, left_out = _chosen(trace, rows)
    head = "".join(f"<th>{name}</th>" for name in HEADS)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(trace, step)) + "</tr>" for step in shown
    )
    before = "".join(f"<p>{escape(line)}</p>" for line in _before(trace))
    after = "".join(f"<p>{escape(line)}</p>" for line in _after(left_out, shown))
    return f"{before}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{after}"


def _chosen(trace: ReplayTrace, rows: int) -> tuple[list[ReplayStep], int]:
    steps = list(trace.steps)
    if len(steps) <= rows:
        return steps, 0
    return [*steps[: rows - rows // 2], *steps[len(steps) - rows // 2 :]], len(steps) - rows


def _before(trace: ReplayTrace) -> list[str]:
    live = sum(step.is_live for step in trace.steps)
    many = len(trace.steps)
    name = visible(trace.workflow_type) or "Workflow"
    lines = [f"{name}: {many} step{'' if many == 1 else 's'} (workflow activations), {live} of them executed now"]
    if trace.failure:
        lines.append(f"! {visible(trace.failure.text, limit=MAX_ACCOUNT)}")
    return [*lines, *(visible(note) for note in trace.notes)]


def _after(left_out: int, shown: Sequence[ReplayStep]) -> list[str]:
    if not left_out:
        return []
    place = next(a.index for a, b in pairwise(shown) if b.index != a.index + 1)
    return [f"… and {left_out:,} more steps, after step {place + 1}"]


def _cells(trace: ReplayTrace, step: ReplayStep) -> tuple[str, ...]:
    how = "? query" if step.query else "↻ from history" if step.is_replaying else "● executed now"
    if step.worker is not None:
        names = {life.pid: life.name for life in trace.lives}
        # By name alone: a pid is another one each time, and a saved table is compared.
        how += f", worker {names.get(step.worker) or f'pid {step.worker}'}"
    lines = _lines(trace, step)
    if step.cut:
        first = "" if step.failure else "first "  # the last line of one that failed may be where it was stopped
        kept = f"of the {first}{len(step.lines):,}: {lines}" if step.lines else "none is"
        lines = f"… more ran than are kept; {kept}"
    commands = ", ".join(c.text + (f" (event {c.event_id})" if c.event_id else "") for c in step.commands)
    waits = "; ".join(_placed(w) for w in step.waiting)
    changed = ", ".join(f"{n} = {step.state[n]}" if n in step.state else f"{n} is gone" for n in step.changed)
    broken = f"! {step.failure}" if step.failure else ""
    cells = (
        str(step.index + 1), how, step.reason or "–", lines,
        commands or broken or "–", waits or "–", changed or "–",
    )  # fmt: skip
    return tuple(visible(cell, limit=MAX_CELL) for cell in cells)


def _lines(trace: ReplayTrace, step: ReplayStep) -> str:
    """The lines that ran; those of another file than the workflow's own stand after its name."""
    names = short_names(list(dict.fromkeys([*trace.sources, *files_of([step], trace.file)])))
    ran: dict[str, list[int]] = {trace.file: []}
    for file, line in step.lines:
        ran.setdefault(file, []).append(line)
    told = []
    for file, lines in ran.items():
        numbers = lines_text(lines).removeprefix("lines ").removeprefix("line ")
        told += [numbers if file == trace.file else f"{names[file]} {numbers}"] if lines else []
    return "; ".join(told) or "–"


def _placed(wait: Waiting) -> str:
    told = not wait.line or wait.text.endswith(f":{wait.line}")
    return wait.text if told else f"{wait.text}, line {wait.line}"


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [wrap(cell, w) or [""] for cell, w in zip(row, widths, strict=True)]
    return [
        "  ".join((c[n] if n < len(c) else "").ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip()
        for n in range(max(map(len, columns)))
    ]
