"""The lines of each activation, found without Python's trace hook: by copies of the workflows that mark each statement.

The copies (copies.py) call `mark` before every statement, and wherever Python comes back to one. `Oracle` collects the
marks of each activation. A mark names the statement's first line. `statement_at` maps any line to that, so that lines
and marks can be compared.
"""

import ast
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

MAX_MARKS = 20_000
"""Marks kept of one activation: one of the fixtures loops for ever."""
ENDLESS = 1_000_000
"""At so many an activation is ended: Temporal's interrupt comes once, and is lost if Python is in a destructor then."""

_now = threading.local()


@dataclass(frozen=True)
class Mark:
    """A statement that ran.

    Attributes:
        file: The source file.
        line: The statement's first line.
        certain: False where Python may or may not tell the line again: see copies.py.
    """

    file: str
    line: int
    certain: bool = True


@dataclass
class Activation:
    """One activation of one workflow run."""

    jobs: tuple[str, ...]
    history_length: int
    rejected_update_only: bool = False
    marks: list[Mark] = field(default_factory=list)

    @property
    def leaves_history(self) -> bool:
        """False for what a live worker does and a replay never does: queries, and updates that are rejected."""
        return set(self.jobs) != {"query_workflow"} and not self.rejected_update_only


def mark(file: str, line: int, certain: bool = True) -> None:
    """Called by the copies. Outside an activation, such as when a module is imported, it does nothing."""
    marks = getattr(_now, "marks", None)
    if marks is None:
        return
    if len(marks) < MAX_MARKS:
        marks.append(Mark(file, line, certain))
    _now.passed += 1
    if _now.passed > ENDLESS:
        raise RuntimeError("this activation does not end")


def marks_so_far() -> int:
    """How many marks this activation has."""
    return len(getattr(_now, "marks", None) or ())


class Oracle(WorkflowRunner):
    """Runs copies of workflows without the sandbox, and keeps each run's activations.

    Attributes:
        runs: For each time that a run was begun (anew after an eviction, too): its run id and its activations.
    """

    def __init__(self) -> None:
        self.runs: list[tuple[str, list[Activation]]] = []
        self._inner = UnsandboxedWorkflowRunner()

    def prepare_workflow(self, defn: Any) -> None:
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        activations: list[Activation] = []
        self.runs.append((det.info.run_id, activations))
        instance = self._inner.create_instance(det)
        activate = instance.activate

        def marked(act: Any) -> Any:
            jobs = tuple(job.WhichOneof("variant") for job in act.jobs)
            if "remove_from_cache" in jobs:
                return activate(act)
            activation = Activation(jobs, act.history_length)
            activations.append(activation)
            _now.marks, _now.passed = activation.marks, 0
            try:
                completion = activate(act)
            finally:
                _now.marks = None
            commands = [command.WhichOneof("variant") for command in completion.successful.commands]
            activation.rejected_update_only = set(jobs) == {"do_update"} and all(
                command == "update_response" and made.update_response.HasField("rejected")
                for command, made in zip(commands, completion.successful.commands, strict=True)
            )
            return completion

        instance.activate = marked  # type: ignore[method-assign]
        return instance

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._inner.set_worker_level_failure_exception_types(types)

    def run(self, run_id: str) -> list[Activation]:
        """The activations of a run, the first time that it was begun."""
        return next(activations for id, activations in self.runs if id == run_id)


def difference(lines: Iterable[tuple[str, int]], marks: Sequence[Mark], *, cut: bool = False) -> str | None:
    """None if the recorded lines are those that the oracle marked, else where they part.

    Args:
        lines: `(file, line)` as recorded; each counts as its statement, and repeats in a row count once.
        marks: What the oracle has; those that are not certain may be left out.
        cut: The lines end early, as the recorder keeps only so many.
    """
    recorded = _without_repeats((file, statement_at(file, line)) for file, line in lines)
    at = 0
    previous: tuple[str, int] | None = None
    for done, found in enumerate(marks):
        place = (found.file, found.line)
        if at < len(recorded) and recorded[at] == place:
            at += 1
        elif place != previous and found.certain:
            if cut and at == len(recorded):
                return None
            got = recorded[at] if at < len(recorded) else None
            before = [(Path(m.file).name, m.line) for m in marks[max(0, done - 3) : done]]
            return f"after {before}: the oracle ran {(Path(found.file).name, found.line)}, recorded is {got}"
        else:
            continue
        previous = place
    return None if at == len(recorded) else f"recorded more than the oracle ran: {recorded[at : at + 3]}"


def _without_repeats(places: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    kept: list[tuple[str, int]] = []
    for place in places:
        if not kept or kept[-1] != place:
            kept.append(place)
    return kept


_statements: dict[str, dict[int, int]] = {}


def statement_at(file: str, line: int) -> int:
    """The first line of the innermost statement that holds this line.

    Raises:
        KeyError: No statement holds it: nothing can have run there.
    """
    if file not in _statements:
        lines: dict[int, int] = {}
        # Breadth first: an inner statement comes after those around it, and takes its lines from them.
        for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.stmt | ast.ExceptHandler):
                lines.update(dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node.lineno))
        _statements[file] = lines
    return _statements[file][line]
