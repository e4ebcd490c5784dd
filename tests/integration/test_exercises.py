"""Each exercise: its starter, its solution and every wrong answer get what they must, from a real server."""

import asyncio
import os
from pathlib import Path

import pytest

from stagedflow.background import submit
from stagedflow.course.attempt import attempt_of
from stagedflow.course.checking import checked
from stagedflow.course.exercise import exercise, exercises
from stagedflow.course.outcome import CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome

TIMES = int(os.environ.get("STAGEDFLOW_TIMES", "1"))
"""How often in a row each answer is checked."""
AT_ONCE = 2

pytestmark = pytest.mark.timeout(600 * TIMES)


async def outcomes(name: str, sources: dict[str, str]) -> dict[str, Outcome]:
    """What the check says of each answer; a few at a time, each with a server of its own."""
    places = asyncio.Semaphore(AT_ONCE)

    async def outcome(source: str) -> Outcome:
        async with places:
            return await checked(exercise(name), await attempt_of(name, source))

    return dict(zip(sources, await asyncio.gather(*map(outcome, sources.values())), strict=True))


@pytest.mark.parametrize("name", exercises())
def test_each_answer_gets_its_own_outcome(
    name: str, server_binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path))
    known = exercise(name)
    wrong = known.wrong
    sources = {"starter": known.starter, "solution": known.solution, **{key: text for key, (text, _) in wrong.items()}}
    for _ in range(TIMES):
        said = submit(outcomes(name, sources)).result()
        assert said["starter"].status == NOT_ATTEMPTED, said["starter"]
        assert said["solution"].status == CORRECT, said["solution"]
        for key, (_, message) in wrong.items():
            assert said[key].status == INCORRECT, said[key]
            assert message in said[key].message
        # Its own: no two get the same.
        assert len({said[key].message for key in wrong}) == len(wrong)


def test_a_comment_is_no_attempt_and_any_other_change_is_one() -> None:
    for known in exercises().values():
        assert known.is_starter(f"# mine\n\n{known.starter}\n")
        assert not known.is_starter(known.starter + "\nx = 1\n")
