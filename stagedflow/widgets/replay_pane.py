"""The replay after a crash, as HTML: a pure function of a `ReplayTrace` and the workers' lives.

One gutter a worker beside the source: which lines it ran again with results from history, which it executed now, and
where it went live. Under it, one row an activation.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from stagedflow.replay.recovery import (
    LIVE,
    REPLAYED,
    Mark,
    Recovery,
    class_lines,
    lines_text,
    marks,
    recovery,
    source_line,
)
from stagedflow.replay.trace import ReplayTrace, WorkerLife

MAX_WORKERS = 3
MAX_ROWS = 40


def replay_pane(trace: ReplayTrace, lives: Sequence[WorkerLife], *, at_gate: bool | None = True) -> str:
    """Source, gutters and activations; or, in words, why there is no replay to show.

    Args:
        trace: What the workers did.
        lives: The workers' lives.
        at_gate: True if the workflow is parked, so that a signal leads on; None if it has ended.
    """
    found = recovery(trace, lives)
    told = " ".join(filter(None, [nothing_new(trace, lives, at_gate=at_gate), found.words() if found else ""]))
    if not told:
        itself = any(step.is_replaying and not step.query for step in trace.steps)
        told = (
            "The worker that runs it has replayed it itself: its cache no longer held the workflow."
            if itself
            else "Nothing has been replayed yet: one worker has done it all. "
            "Crash it, start another, and send a signal."
        )
    if not trace.steps:
        return f"<section class='sf-replay'><h4>Replay</h4><p class='sf-told'>{escape(told)}</p></section>"
    pids = trace.workers[-MAX_WORKERS:]
    names = {life.pid: life for life in lives}
    return (
        "<section class='sf-replay' aria-label='Replay'><h4>Replay: what each worker really did</h4>"
        f"<p class='sf-told'>{escape(told)}</p><p class='sf-legend'><span class='sf-again'>{REPLAYED} ran again, "
        f"results from history</span> <span class='sf-live'>{LIVE} executed now</span> "
        "<span>the numbers: in this order</span></p>"
        f"{_source(trace, pids, names, found)}{_rows(trace, pids, names)}</section>"
    )


def nothing_new(trace: ReplayTrace, lives: Sequence[WorkerLife], *, at_gate: bool | None) -> str:
    """Why the newest worker shows no replay, in words, or "" if it does."""
    alive = [life for life in lives if life.ended is None]
    if lives and not lives[-1].records:
        return f"Not recorded: worker {lives[-1].name} (pid {lives[-1].pid}) runs with its recorder switched off."
    if not trace.steps:
        return "No worker has run this workflow yet."
    if at_gate is None:
        return ""
    if not alive:
        then = ", then send a signal" if at_gate else ""
        return f"No worker is alive. Start one{then}: it will replay what you see here."
    lead = "Send a signal, or query." if at_gate else "What has to happen first stands above, at “Waits for”."
    if trace.workers[-1] not in {life.pid for life in alive}:
        return (
            f"Worker {alive[-1].name} (pid {alive[-1].pid}) is up and has nothing to do: "
            f"nothing is replayed until a task comes. {lead}"
        )
    return ""


def _source(trace: ReplayTrace, pids: Sequence[int], lives: Mapping[int, WorkerLife], found: Recovery | None) -> str:
    lines = class_lines(trace)
    if not lines:
        return "<p class='sf-quiet'>The workflow's source file cannot be read here.</p>"
    marked = marks(trace)
    newest = [s for s in trace.steps if s.worker == pids[-1]][-1:]
    parked = {w.line for s in newest for w in s.waiting}
    heads = "".join(f"<th scope='col'>{_head(lives.get(pid), pid)}</th>" for pid in pids)
    body = []
    for number in lines:
        again = found and any(m.sign == REPLAYED for m in marked.get((found.worker.pid, number), ()))
        live_here = found and number == found.went_live_at
        gutters = "".join(f"<td>{_cell(marked.get((pid, number), ()))}</td>" for pid in pids)
        css = "sf-row-live" if live_here else "sf-row-again" if again else ""
        code = escape(source_line(trace, number)) or " "
        body.append(f"<tr class='{css}'>{gutters}<td class='sf-no'>{number}</td><td><code>{code}</code></td></tr>")
        notes = []
        if live_here and found:
            words = f"▲ worker {found.worker.name} went live here, on {found.live.reason if found.live else ''}"
            notes.append(f"<b class='sf-live'>{escape(words)}</b>")
        if number in parked:
            notes.append("<b class='sf-parked'>‖ waits here now</b>")
        body.extend(f"<tr class='{css}'><td colspan='{len(pids) + 1}'></td><td>{note}</td></tr>" for note in notes)
    caption = f"{escape(Path(trace.file).name)}, lines by worker"
    return (
        f"<div class='sf-scroll' tabindex='0' role='region' aria-label='Source with one gutter a worker'>"
        f"<table class='sf-source'><caption>{caption}</caption><thead><tr>{heads}"
        f"<th scope='col'>line</th><th scope='col'>source</th></tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _head(life: WorkerLife | None, pid: int) -> str:
    end = {"crashed": " ✕", "stopped": " ■", "failed": " !"}.get(life.how or "", "") if life else ""
    return f"{escape(life.name if life else '?')}{end}<br><small>pid {pid}</small>"


def _cell(found: Sequence[Mark]) -> str:
    css = {REPLAYED: ("sf-again", "ran again, from history"), LIVE: ("sf-live", "executed now")}
    return " ".join(
        f"<span class='{css[m.sign][0]}' title='{css[m.sign][1]}'>{m.sign}<small>{m.place}</small></span>"
        for m in found
    )


def _rows(trace: ReplayTrace, pids: Sequence[int], lives: Mapping[int, WorkerLife]) -> str:
    rows = []
    lost = {
        pid: "<tr><td colspan='6' class='sf-quiet'>"
        f"✕ worker {escape(lives[pid].name)} (pid {pid}) crashed. Rows of this table that it had not written yet "
        "are lost with it; the workflow's history is not.</td></tr>"
        for pid in pids if pid in lives and lives[pid].how == "crashed"
    }  # fmt: skip
    steps = [s for s in trace.steps if s.worker in pids][-MAX_ROWS:]
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        life = lives.get(step.worker or 0)
        how = "? query" if step.query else f"{REPLAYED} from history" if step.is_replaying else f"{LIVE} executed now"
        css = "" if step.query else "sf-again" if step.is_replaying else "sf-live"
        waits = "; ".join(f"{w.text}, line {w.line}" for w in step.waiting) or "nothing"
        commands = ", ".join(c.text for c in step.commands)
        if commands and step.is_replaying and not step.query:
            commands += " (in history already: not sent again)"
        rows.append(
            f"<tr><td>{escape(life.name) if life else '?'} <small>pid {step.worker}</small></td>"
            f"<td class='{css}'>{how}</td><td>{escape(step.reason)}</td>"
            f"<td>{escape(lines_text([n for f, n in step.lines if f == trace.file]))}</td>"
            f"<td>{escape(commands) or '–'}</td><td>{escape(waits)}</td></tr>"
        )
        if step.worker in lost and (following is None or following.worker != step.worker):
            rows.append(lost[step.worker])
    return (
        "<table class='sf-table sf-steps'><caption>Activations in the order in which the workers did them</caption>"
        "<thead><tr><th scope='col'>worker</th><th scope='col'>how</th><th scope='col'>brought</th>"
        "<th scope='col'>lines</th><th scope='col'>commands</th><th scope='col'>then waits for</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
