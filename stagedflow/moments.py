"""The named moments of a workflow that `Lab.until` waits for."""

from collections.abc import Callable

from stagedflow.errors import LabError
from stagedflow.watch import Facts


def moment(
    *, gate: int | None, started: str | None, completed: str | None, stage: int | None, attempt: int
) -> tuple[str, Callable[[Facts], bool]]:
    """The one moment that is named: in words, and whether it has come.

    Raises:
        LabError: None is named or several are, or a number is none.
    """
    for given in (gate, stage):
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 1):
            raise LabError(f"A gate or a stage is an integer from 1 on; {given!r} is not.")
    moments: list[tuple[str, Callable[[Facts], bool]]] = []
    if gate is not None:
        moments.append((f"gate {gate}", lambda f: f.run.reached_gate(gate)))
    if started is not None:
        words = f"the start of {started}" + (f" (attempt {attempt})" if attempt > 1 else "")
        moments.append((words, lambda f: any(a.activity_type == started and a.attempt >= attempt for a in f.attempts)))
    if completed is not None:
        words = f"the end of {completed}"
        moments.append(
            (words, lambda f: any(a.type == completed and a.outcome == "completed" for a in f.run.activities))
        )
    if stage is not None:
        moments.append((f"stage {stage}", lambda f: f.run.stage >= stage and not f.run.open_task))
    if len(moments) != 1:
        raise LabError("Name one moment to wait for: gate=, started=, completed= or stage=.")
    return moments[0]
