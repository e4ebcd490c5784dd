"""Signals and updates that came, and that this code has no handler for: the usual end of a renamed one."""

from collections.abc import Iterable
from typing import Any

from stagedflow.replay.trace import Job, ReplayStep

_WHAT_HAPPENS = {
    "signal": "the SDK keeps such a signal, and nothing happens",
    "update": "the SDK rejects such an update",
}


def missing_handlers(definition: Any, steps: Iterable[ReplayStep]) -> tuple[str, ...]:
    """A sentence for each name without a handler; a dynamic handler takes every name.

    Args:
        definition: What `@workflow.defn` left on the class.
        steps: The steps, with the jobs that came.
    """
    declared = {"signal": definition.signals, "update": definition.updates}
    told: dict[str, None] = {}
    for job in (job for step in steps for job in step.jobs):
        kind = {"signal_workflow": "signal", "do_update": "update"}.get(job.kind)
        if kind and None not in declared[kind] and _name(job) not in declared[kind]:
            told[
                f"This code declares no handler for the {kind} {_name(job)}: {_WHAT_HAPPENS[kind]} "
                f"(unless the code sets one while it runs). It has: {', '.join(sorted(declared[kind])) or 'none'}."
            ] = None
    return tuple(told)


def _name(job: Job) -> str:
    return job.text.partition(" ")[2].partition("(")[0]
