"""Signals and updates that came, and that this code has no handler for: the usual end of a renamed one."""

from collections.abc import Iterable, Mapping
from typing import Any

from stagedflow.replay.trace import Job, ReplayStep

_WHAT_HAPPENS = {
    "signal": "the SDK keeps such a signal, and nothing happens",
    "update": "the SDK rejects such an update",
}


_SETS = {
    "signal": ("set_signal_handler", "set_dynamic_signal_handler"),
    "update": ("set_update_handler", "set_dynamic_update_handler"),
}
"""How code sets a handler while it runs."""


def missing_handlers(
    definition: Any, steps: Iterable[ReplayStep], sources: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """A sentence for each name without a handler; a dynamic handler takes every name.

    Nothing is said of an update that was accepted, nor of a kind of which the code sets handlers while it runs.

    Args:
        definition: What `@workflow.defn` left on the class.
        steps: The steps, with the jobs that came.
        sources: The text of the files whose lines ran.
    """
    steps = tuple(steps)
    declared = {"signal": definition.signals, "update": definition.updates}
    silent = {
        kind for kind, names in _SETS.items() for text in (sources or {}).values() if any(n in text for n in names)
    }
    accepted = {command.key.split(":", 2)[2] for s in steps for command in s.commands if ":accept:" in command.key}
    told: dict[str, None] = {}
    for job in (job for step in steps for job in step.jobs):
        kind = {"signal_workflow": "signal", "do_update": "update"}.get(job.kind)
        if not kind or kind in silent or None in declared[kind] or job.key.removeprefix("update::") in accepted:
            continue
        if not any(_names(job, kind, name) for name in declared[kind]):
            told[
                f"This code declares no handler for the {kind} {_name(job, kind)}: {_WHAT_HAPPENS[kind]} "
                f"(unless the code sets one while it runs). It has: {', '.join(sorted(declared[kind])) or 'none'}."
            ] = None
    return tuple(told)


def _names(job: Job, kind: str, name: str) -> bool:
    """True if the job may be about this name, which may hold a parenthesis itself."""
    return job.key == name if kind == "signal" and job.key else job.text.startswith(f"{kind} {name}(")


def _name(job: Job, kind: str) -> str:
    return job.key if kind == "signal" and job.key else job.text.partition(" ")[2].partition("(")[0]
