"""Each exercise: its starter, its solution and every wrong answer get what they must, from a real server.

What is said of the solution is what the lesson's solved form has saved, character for character.
"""

import asyncio
import os
from pathlib import Path

import pytest

from stagedflow.background import submit
from stagedflow.course import magics
from stagedflow.course.attempt import Attempt, attempt_of
from stagedflow.course.checking import checked
from stagedflow.course.exercise import exercise, exercises
from stagedflow.course.outcome import CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome
from tests.notebooks import saved, solved

TIMES = int(os.environ.get("STAGEDFLOW_TIMES", "1"))
"""How often in a row each answer is checked."""
AT_ONCE = 2

pytestmark = pytest.mark.timeout(600 * TIMES)


async def outcomes(name: str, sources: dict[str, str]) -> dict[str, tuple[str, Outcome]]:
    """What the magic and the check say of each answer; a few at a time, each with a server of its own."""
    places = asyncio.Semaphore(AT_ONCE)

    async def outcome(source: str) -> tuple[str, Outcome]:
        async with places:
            # A starter is known by its text; the lesson itself imports it.
            starter = exercise(name).is_starter(source)
            attempt = Attempt(source, Path("starter.py")) if starter else await attempt_of(name, source)
            return magics.accepted(name, attempt), await checked(exercise(name), attempt)

    return dict(zip(sources, await asyncio.gather(*map(outcome, sources.values())), strict=True))


def is_as_saved(name: str, accepted: str, outcome: Outcome) -> None:
    """Hold what was said of the solution against the outputs of its two cells in the solved lesson, as nbval does."""
    [lesson] = [path for path in solved.lessons() if name in solved.exercises_in(saved.read(path))]
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
    known = exercise(name)
    wrong = known.wrong
    sources = {"starter": known.starter, "solution": known.solution, **{key: text for key, (text, _) in wrong.items()}}
    for _ in range(TIMES):
        told = submit(outcomes(name, sources)).result()
        said = {key: outcome for key, (_, outcome) in told.items()}
        assert said["starter"].status == NOT_ATTEMPTED, said["starter"]
        assert said["solution"].status == CORRECT, said["solution"]
        is_as_saved(name, *told["solution"])
        for key, (_, message) in wrong.items():
            assert said[key].status == INCORRECT, said[key]
            assert message in said[key].message
        # Its own: no two get the same.
        assert len({said[key].message for key in wrong}) == len(wrong)


def test_a_comment_is_no_attempt_and_any_other_change_is_one() -> None:
    for known in exercises().values():
        assert known.is_starter(f"# mine\n\n{known.starter}\n")
        assert not known.is_starter(known.starter + "\nx = 1\n")
