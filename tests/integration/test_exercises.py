"""Each exercise: its starter, its solution and every wrong answer get what they must, from a real server.

What is said of the solution is what the lesson's solved form has saved, character for character.
"""

import os
from pathlib import Path

import pytest

from stagedflow.background import submit
from stagedflow.course.exercise import exercises
from stagedflow.course.outcome import Outcome
from tests.answers import faults, outcomes
from tests.notebooks import saved, solved

TIMES = int(os.environ.get("STAGEDFLOW_TIMES", "1"))
"""How often in a row each answer is checked."""

pytestmark = pytest.mark.timeout(600 * TIMES)


def is_as_saved(name: str, accepted: str, outcome: Outcome) -> None:
    """Hold what was said of the solution against the outputs of its two cells in the solved lesson, as nbval does."""
    lessons = [path for path in solved.lessons() if name in solved.exercises_in(saved.read(path))]
    assert lessons, (
        f"each answer of {name} gets what it must, and no lesson asks for it yet: exercises/README.md, step 3"
    )
    [lesson] = lessons
    cells = saved.code_cells(saved.read(solved.solved_path(lesson)))
    [answer] = [cell for cell in cells if cell.source.startswith(f"%%exercise {name}\n")]
    [check] = [cell for cell in cells if f'check("{name}")' in cell.source.splitlines()]
    [printed] = answer.outputs
    [displayed] = check.outputs
    assert (printed.name, printed.text) == ("stdout", f"{accepted}\n")
    said = {"text/plain": repr(outcome), "text/html": outcome._repr_html_()}
    assert displayed.data.keys() == said.keys()
    for kind, text in said.items():
        assert saved.sanitize(displayed.data[kind]) == saved.sanitize(text)


@pytest.mark.parametrize("name", exercises())
def test_each_answer_gets_its_own_outcome(
    name: str, server_binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path))
    for _ in range(TIMES):
        told = submit(outcomes(name)).result()
        said = {key: outcome for key, (_, outcome) in told.items()}
        assert faults(name, said) == [], said
        is_as_saved(name, *told["solution"])


def test_a_comment_is_no_attempt_and_any_other_change_is_one() -> None:
    for known in exercises().values():
        assert known.is_starter(f"# mine\n\n{known.starter}\n")
        assert not known.is_starter(known.starter + "\nx = 1\n")
