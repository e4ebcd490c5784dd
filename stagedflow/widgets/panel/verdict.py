"""What the replay after a crash has shown, in a sentence or two: it stands above the viewer, which shows it."""

from collections.abc import Sequence

from stagedflow.replay.recovery import recovery
from stagedflow.replay.trace import ReplayTrace, WorkerLife
from stagedflow.widgets.escaping import escape


def verdict(trace: ReplayTrace, lives: Sequence[WorkerLife], *, at_gate: bool | None = True) -> str:
    """Who ran which lines again and where it went live; or, in words, why there is no replay to see. HTML.

    Args:
        trace: What the workers did.
        lives: The workers' lives.
        at_gate: True if the workflow is parked, so that a signal leads on; None if nothing more can come of it.
    """
    found = recovery(trace, lives)
    told = " ".join(filter(None, [nothing_new(trace, lives, at_gate=at_gate), found.words() if found else ""]))
    if not told:
        itself = any(step.is_replaying and not step.query for step in trace.steps)
        if itself:
            told = "The worker that runs it has replayed it itself: its cache no longer held the workflow."
        elif at_gate is None:
            told = "Nothing was replayed: one worker has done it all."
        else:
            told = (
                "Nothing has been replayed yet: one worker has done it all. Crash it, start another, and send a signal."
            )
    lost = "".join(f"<p class='sf-quiet'>{escape(words)}</p>" for words in lost_tails(trace))
    return f"<section class='sf-replay' aria-label='Replay'><p class='sf-told'>{escape(told)}</p>{lost}</section>"


def lost_tails(trace: ReplayTrace) -> list[str]:
    """What may be missing from the trace, for each worker that crashed."""
    return [
        f"✕ Worker {life.name} (pid {life.pid}) crashed. Steps that it had not written yet are lost with it; "
        "the workflow's history is not."
        for life in trace.lives if life.how == "crashed"
    ]  # fmt: skip


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
