"""The named moments of a workflow that `Lab.until` waits for."""

from collections.abc import Callable
from dataclasses import dataclass

from stagedflow.errors import LabError
from stagedflow.lab.facts import Facts
from stagedflow.staged import StagedWorkflow


@dataclass(frozen=True)
class Moment:
    """A moment that can be waited for.

    Attributes:
        words: What it is.
        has_come: Whether it has come.
        too_late: Why it cannot come any more although the run goes on, in words, or "".
    """

    words: str
    has_come: Callable[[Facts], bool]
    too_late: Callable[[Facts], str] = lambda _: ""


def moment(*, gate: int | None, started: str | None, completed: str | None, stage: int | None, attempt: int) -> Moment:
    """The one moment that is named.

    Raises:
        LabError: None is named or several are, or a number is none.
    """
    for given in (gate, stage):
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 1):
            raise LabError(f"A gate or a stage is an integer from 1 on; {given!r} is not.")
    moments: list[Moment] = []
    if gate is not None:
        moments.append(Moment(f"gate {gate}", lambda f: f.run.reached_gate(gate)))
    if started is not None:
        words = f"the start of {started}" + (f" (attempt {attempt})" if attempt > 1 else "")
        moments.append(
            Moment(
                words,
                lambda f: any(a.activity_type == started and a.attempt >= attempt for a in f.attempts),
                lambda f: _completed_before(f, started, attempt),
            )
        )
    if completed is not None:
        words = f"the end of {completed}"
        moments.append(
            Moment(words, lambda f: any(a.type == completed and a.outcome == "completed" for a in f.run.activities))
        )
    if stage is not None:
        moments.append(Moment(f"stage {stage}", lambda f: f.run.stage >= stage and not f.run.open_task))
    if len(moments) != 1:
        raise LabError("Name one moment to wait for: gate=, started=, completed= or stage=.")
    return moments[0]


def _completed_before(facts: Facts, activity: str, attempt: int) -> str:
    """Why there will be no such attempt: another workflow may start an activity again, the staged one does not."""
    if facts.run.workflow_type != StagedWorkflow.__name__:
        return ""
    for one in facts.run.activities:
        made = one.started.detail["attempt"] if one.started else attempt
        if one.type == activity and one.outcome == "completed" and made < attempt:
            return (
                f"{activity} has completed in attempt {made}, so there will be no attempt {attempt}: a crash comes too "
                "late now. Run the section again from its first cell."
            )
    return ""
