"""`python -m tests.answers NAME ...` (or `make answers ARGS=NAME`): what each answer to an exercise gets.

Reads the exercise's folder alone: it need not be in a lesson yet.
"""

import asyncio
import os
import sys
import tempfile
import textwrap
from pathlib import Path

from stagedflow.background import submit
from stagedflow.course import magics
from stagedflow.course.attempt import Attempt, attempt_of
from stagedflow.course.checking import checked
from stagedflow.course.exercise import exercise
from stagedflow.course.outcome import CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome
from stagedflow.errors import LabError

AT_ONCE = 2


async def outcomes(name: str) -> dict[str, tuple[str, Outcome]]:
    """What the magic and the check say of each answer; a few at a time, each with a server of its own.

    Args:
        name: The exercise.

    Returns:
        "starter", "solution" and each wrong answer's name -> what both say.
    """
    known, places = exercise(name), asyncio.Semaphore(AT_ONCE)
    wrong = {key: source for key, (source, _) in known.wrong.items()}
    sources = {"starter": known.starter, "solution": known.solution, **wrong}

    async def outcome(source: str) -> tuple[str, Outcome]:
        async with places:
            # A starter is known by its text; the lesson itself imports it.
            starter = known.is_starter(source)
            attempt = Attempt(source, Path("starter.py")) if starter else await attempt_of(name, source)
            return magics.accepted(name, attempt), await checked(known, attempt)

    return dict(zip(sources, await asyncio.gather(*map(outcome, sources.values())), strict=True))


def faults(name: str, said: dict[str, Outcome]) -> list[str]:
    """In which of its promises an exercise fails, in words."""
    wrong = exercise(name).wrong
    wanted = {"starter": NOT_ATTEMPTED, "solution": CORRECT, **dict.fromkeys(wrong, INCORRECT)}
    found = [f"{key} must get {status!r}" for key, status in wanted.items() if said[key].status != status]
    found += [f"{key} does not get {text!r}" for key, (_, text) in wrong.items() if text not in said[key].message]
    if len({said[key].message for key in wrong}) < len(wrong):
        found.append("two wrong answers get the same message")
    return found


def main(names: list[str]) -> int:
    """Print what was said; 0 if each answer got what it must."""
    failed = 0
    for name in names:
        try:
            said = {key: outcome for key, (_, outcome) in submit(outcomes(name)).result().items()}
        except LabError as error:
            print(error)
            return 1
        for key, outcome in said.items():
            print(key, textwrap.indent(repr(outcome), "    "), sep="\n")
        for fault in faults(name, said):
            failed += 1
            print(f"FAILED: {fault}")
    return int(failed > 0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["STAGEDFLOW_HOME"] = home
        sys.exit(main(sys.argv[1:]))
