"""Checks a learner's tests: they must pass for a right workflow, and notice each broken one.

An exercise's support module has `RIGHT` and `BROKEN`, dicts from plain words to what its fixtures make of it. The
tests run by pytest in another process (`_mutants_child.py`), one run for each of them, on one time-skipping server.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from stagedflow.course.trial import Trial, Wrong, require
from stagedflow.errors import LabError

SECONDS = 21.0
"""All runs together."""


@dataclass(frozen=True)
class TestRun:
    """One run of the learner's tests.

    Attributes:
        subject: What was under test, in words.
        passed: The names of the tests that passed.
        failed: What each failing test said.
        trouble: Why no test could be run, or "".
    """

    subject: str
    passed: tuple[str, ...]
    failed: dict[str, str]
    trouble: str


async def run_tests(trial: Trial, support: str) -> list[TestRun]:
    """Run the cell's tests against everything in `RIGHT`, and then in `BROKEN`, of a support module.

    The first failure in `RIGHT` ends it; in `BROKEN`, the first failure ends that one run: it is noticed.

    Raises:
        Wrong: The tests did not come to an end.
        LabError: pytest is not installed.
    """
    if not (find_spec("pytest") and find_spec("pytest_asyncio")):
        raise LabError("pytest is not installed here: `pip install pytest pytest-asyncio` in this environment.")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        child = await trial.python(
            "-m", "stagedflow.course._mutants_child", str(report), support, str(trial.attempt.path), seconds=SECONDS
        )
        told = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []  # noqa: ASYNC240
    runs = [TestRun(t["subject"], tuple(t["passed"]), t["failed"], t["trouble"]) for t in told if "subject" in t]
    if child.timed_out and not (runs and runs[0].failed):
        raise Wrong(f"After {SECONDS:.0f} s the tests had not come to their end. Does one of them wait without end?")
    if not child.timed_out and (not told or told[-1] != {"end": True}):
        last = child.output.splitlines()[-1:] or ["It said nothing."]
        raise Wrong(f"pytest did not get to its end: {last[0][:300]}")
    return runs


async def require_each_noticed(trial: Trial, support: str, *, right: Sequence[str], broken: Sequence[str]) -> int:
    """Raise `Wrong` unless the cell's tests pass for what is right and fail for what is broken.

    Returns:
        How many tests there are.
    """
    runs = {run.subject: run for run in await run_tests(trial, support)}
    tests = 0
    for subject in right:
        run = runs[subject]
        require(not run.trouble, run.trouble)
        for name, said in run.failed.items():
            raise Wrong(f"The test {name} fails for {subject}: {said}")
        require(bool(run.passed), "pytest ran no test of the cell: a test's name begins with test_.")
        tests = len(run.passed)
    unnoticed = [subject for subject in broken if not runs[subject].failed and not runs[subject].trouble]
    if unnoticed:
        passes = "Your test passes" if tests == 1 else f"Your {tests} tests pass"
        raise Wrong("\n".join([f"{passes} for what is right. No test notices:", *(f"- {each}" for each in unnoticed)]))
    return tests
