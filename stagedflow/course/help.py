"""Hints, one by one, and the solution."""

from dataclasses import dataclass

from stagedflow.course import progress_file
from stagedflow.course.exercise import exercise
from stagedflow.errors import LabError
from stagedflow.widgets.escaping import escape, for_terminal


@dataclass(frozen=True, repr=False)
class Help:
    """A hint or a solution, as the notebook shows it.

    Attributes:
        heading: What it is.
        text: Plain text, or Python code.
        is_code: True for code.
    """

    heading: str
    text: str
    is_code: bool = False

    def __repr__(self) -> str:
        return for_terminal(f"{self.heading}\n{self.text}")

    def _repr_html_(self) -> str:
        body = f"<pre>{escape(self.text)}</pre>" if self.is_code else f"<p>{escape(self.text)}</p>"
        return f"<p><b>{escape(self.heading)}</b></p>{body}"


def hint(name: str, n: int | None = None) -> Help:
    """A hint for an exercise; each gives more away than the one before.

    Args:
        name: The exercise.
        n: Which one, from 1; by default the next that was not seen yet.
    """
    try:
        known = exercise(name)
        most = len(known.hints)
        if n is None:
            n = min(most, _hints_seen(name) + 1)
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= most:
            raise LabError(f"There are {most} hints for {name}: n is from 1 to {most}; {n!r} is not.")
    except LabError as error:
        return Help("No hint", str(error))
    progress_file.note("exercises", name, hints=max(n, _hints_seen(name)))
    last = f'The next is hint("{name}", {n + 1}).' if n < most else f'After it comes solution("{name}").'
    return Help(f"Hint {n} of {most} for {name}", f"{known.hints[n - 1]}\n{last}")


def solution(name: str) -> Help:
    """One right answer to an exercise, to read after trying.

    Args:
        name: The exercise.
    """
    try:
        known = exercise(name)
    except LabError as error:
        return Help("No solution", str(error))
    progress_file.note("exercises", name, solution_seen=True)
    return Help(f"A solution of {name}: there are others", known.solution, is_code=True)


def _hints_seen(name: str) -> int:
    seen = progress_file.read()["exercises"].get(name, {}).get("hints", 0)
    return seen if isinstance(seen, int) else 0
