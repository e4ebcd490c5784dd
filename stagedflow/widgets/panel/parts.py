"""The panel's parts as HTML, each a pure function. Whatever came from a workflow is escaped here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from stagedflow.history.runs import SIGNAL, Activity, Run
from stagedflow.lab.facts import Facts
from stagedflow.replay.trace import WorkerLife
from stagedflow.staged import ACTIVITIES
from stagedflow.widgets.escaping import escape
from stagedflow.widgets.panel.actions import Action, clock, offer

_LIFE_WORDS = {None: "● running", "crashed": "✕ crashed", "stopped": "■ stopped", "failed": "! failed"}


def heading(facts: Facts, web_ui: str, *, over: bool = False) -> str:
    """The workflow's name and state, and the way to Temporal's own Web UI if there is one.

    Args:
        facts: What is known.
        web_ui: The Web UI's address, or "".
        over: True if there is no server any more: what was seen last is all that is known.
    """
    status = f"was {facts.run.status}" if over and not facts.run.closed else facts.run.status
    kind = escape(facts.run.workflow_type or "workflow")
    address = f"{web_ui}/namespaces/default/workflows/{quote(facts.workflow_id, safe='', errors='replace')}"
    link = f" <a href='{escape(address)}' target='_blank' rel='noopener'>Web UI</a>" if web_ui and not over else ""
    return (
        f"<div class='sf-head'><b>{escape(facts.workflow_id)}</b> <span>{kind}</span> "
        f"<span class='sf-status sf-{escape(status.split()[0])}'>{escape(status)}</span>"
        f"{link}</div>"
    )


def stage_track(facts: Facts) -> str:
    """Activities and the gates between them, from left to right."""
    run = facts.run
    names = [a.type for a in run.activities]
    if run.workflow_type == "StagedWorkflow":
        names = [a.__name__ for a in ACTIVITIES]
    attempts = Counter(a.activity_id for a in facts.attempts)
    stage, gate = run.stage, run.gate
    cells = []
    for number, name in enumerate(names, 1):
        activity = run.activities[number - 1] if number <= len(run.activities) else None
        cells.append(_activity_cell(activity, attempts, name))
        if number < len(names):
            cells.append(_gate_cell(number, stage, gate))
    return f"<ol class='sf-track' aria-label='Stages of the workflow'>{''.join(cells)}</ol>"


def _activity_cell(activity: Activity | None, attempts: Mapping[str, int], name: str) -> str:
    if activity is None:
        mark, words, css = "○", "not yet", "todo"
    elif activity.outcome:
        mark = "✓" if activity.outcome == "completed" else "✕"
        words, css = activity.outcome, "done" if activity.outcome == "completed" else "bad"
    else:
        count = attempts.get(activity.activity_id, 0)
        mark, words, css = "▶", f"attempt {count}" if count else "scheduled", "now"
    return f"<li class='sf-activity sf-{css}'><b>{mark} {escape(name)}</b><small>{escape(words)}</small></li>"


def _gate_cell(gate: int, stage: int, parked_at: int | None) -> str:
    if stage >= gate:
        mark, words, css = "⇥", "open", "done"
    elif parked_at == gate:
        mark, words, css = "‖", "parked here", "now"
    else:
        mark, words, css = "▮", "closed", "todo"
    return f"<li class='sf-gate sf-{css}'><b>{mark} gate {gate}</b><small>{words}</small></li>"


def waiting_now(facts: Facts, now: float) -> str:
    """What the workflow waits for, with the countdown where a deadline is known."""
    waits = facts.waits_for(now)
    left = waits.seconds_left(now)
    text = escape(waits.text.rstrip("."))
    parts = [f"<div class='sf-now'><b>Waits for</b> {text}."]
    if left is not None and waits.deadline is not None:
        at_the_latest = "at the latest " if waits.kind == "sticky" else ""  # see waiting.py: the server may know sooner
        when = (
            f"{at_the_latest}in <b class='sf-count'>{clock(left)}</b>"
            if left
            else "<b class='sf-count'>any moment now</b>"
        )
        parts.append(f"<div>{when}: {escape(waits.then)}.</div>")
    elif waits.kind in ("gate", "worker"):
        parts.append("<div>Deadline: none. It can wait for weeks.</div>")
    elif waits.kind != "closed":
        parts.append("<div>Deadline: unknown.</div>")
    if words := offer(facts, now):
        parts.append(f"<div class='sf-offer'>{escape(words)}</div>")
    parts.extend(f"<div class='sf-hint'>{escape(h)}</div>" for h in [*signal_troubles(facts.run)][-3:])
    return "".join([*parts, "</div>"])


def signal_troubles(run: Run) -> Iterable[str]:
    """What is odd about the signals so far: "sent" is not "handled"."""
    for signal in run.signals:
        said = f"Signal {signal.name}({', '.join(str(a)[:40] for a in signal.event.detail['args'])})"
        trouble = signal.trouble
        if signal.name != SIGNAL and run.workflow_type == "StagedWorkflow":
            trouble = "this workflow has no handler of that name"
        if trouble:
            yield f"{said}: {trouble}. The server took it all the same: sent is not handled."


def refusals(found: Mapping[str, Action]) -> str:
    """Why the greyed buttons cannot be pressed, once for each reason."""
    reasons: dict[str, list[str]] = {}
    for action in found.values():
        if action.refusal:
            reasons.setdefault(action.refusal, []).append(action.label)
    items = [f"<li>{escape(', '.join(labels))}: {escape(why)}.</li>" for why, labels in reasons.items()]
    return f"<details class='sf-why'><summary>Why is a button grey?</summary><ul>{''.join(items)}</ul></details>"


def workers(lives: Iterable[WorkerLife]) -> str:
    """Who is alive, and how the others ended."""
    rows = [
        f"<li class='sf-life sf-{life.how or 'alive'}'>worker {escape(life.name)} <b>{_LIFE_WORDS[life.how]}</b> "
        f"pid {life.pid}{'' if life.records else ', recorder off'}</li>"
        for life in list(lives)[-6:]
    ]
    none = "<li>none was started yet</li>"
    return f"<ul class='sf-lives' aria-label='Workers'>{''.join(rows) or none}</ul>"


def ledger(facts: Facts) -> str:
    """The ledger's counts: rows that the workers wrote as the activities ran."""
    rows = [
        f"<tr><th scope='row'>{escape(name)}</th><td>{count.started}</td><td>{count.completed}</td>"
        f"<td>{escape(_where(facts, name))}</td></tr>"
        for name, count in facts.counts.items()
    ]
    lacking = ""
    if facts.uncounted:
        lacking = (
            "<p class='sf-trouble'>⚠ Rows of the ledger are late or lost: history says that "
            f"{escape(', '.join(dict.fromkeys(facts.uncounted)))} completed, and no worker has written it. Is the disk "
            "full? Counts are too low until the rows come.</p>"
        )
    if not rows:
        return lacking or "<p class='sf-quiet'>Ledger: no activity has been started yet.</p>"
    return lacking + (
        "<table class='sf-table'><caption>Ledger: how often each activity really ran</caption><thead><tr>"
        "<th scope='col'>activity</th><th scope='col'>started</th><th scope='col'>completed</th>"
        f"<th scope='col'>by worker</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _where(facts: Facts, activity_type: str) -> str:
    names = {life.pid: life.name for life in facts.lives}
    dead = {life.pid for life in facts.lives if life.ended is not None}
    words = []
    for a in facts.attempts:
        if a.activity_type == activity_type:
            end = a.outcome or ("lost with its worker" if a.pid in dead else "at work")
            words.append(f"{names.get(a.pid, '?')} (pid {a.pid}): {end}")
    return "; ".join(words)


def notice(text: str, *, trouble: bool = False) -> str:
    """One message to the person at the panel."""
    if not text:
        return ""
    mark, css = ("⚠ ", "sf-trouble") if trouble else ("", "sf-quiet")
    return f"<div class='{css}' role='{'alert' if trouble else 'status'}'>{mark}{escape(text)}</div>"
