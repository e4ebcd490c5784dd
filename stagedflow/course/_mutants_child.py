"""Runs a learner's tests once for each subject: `python -m stagedflow.course._mutants_child REPORT SUPPORT TESTS`.

One pytest run a subject, in this one process. Each imports the tests anew, so that nothing in their module is left over
from the run before, and has a server of its own: after a workflow's end that server's clock may go on by ten years.
REPORT gets one JSON object a line.
"""

import asyncio
import functools
import inspect
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from stagedflow.background import submit
from stagedflow.course.patience import patience
from stagedflow.lab.lab import Lab

END = json.dumps({"end": True})
TEST_SECONDS = 4.0
"""One test's: on this server weeks are milliseconds."""


class OneRun:
    """A pytest plugin: the fixtures `subject` and `env`, a deadline for each test, and what became of them.

    Attributes:
        passed: The names of the tests that passed.
        failed: What each failing test said.
        trouble: Why no test could be run, or "".
    """

    def __init__(self, subject: Any, tests: Path, tell: "Callable[[OneRun], None]") -> None:
        self._subject, self._tests, self._tell = subject, tests, tell
        self._lab: Lab | None = None
        self.passed: list[str] = []
        self.failed: dict[str, str] = {}
        self.trouble = ""

    @pytest.fixture
    def subject(self) -> Any:
        """What is under test: for the exercise's own fixtures."""
        return self._subject

    @pytest.fixture
    def env(self) -> WorkflowEnvironment:
        """Temporal's own environment, with time skipping."""
        if self._lab is None:
            self._lab = submit(Lab.open(time_skipping=True)).result()
            skip_for_one_at_a_time(self._lab.env)
        return self._lab.env

    def pytest_sessionfinish(self) -> None:
        """End the server, if a test had one; nothing waits for it."""
        if self._lab is not None:
            submit(self._lab.close())

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Give each coroutine its deadline."""
        for item in items:
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
                item.obj = _within(TEST_SECONDS, item.obj)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected."""
        if report.failed and not self.trouble:
            lines = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
            self.trouble = f"pytest cannot read the cell: {' '.join(lines[-1:])[1:].strip() or 'no reason was given'}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A part of a test has ended: set up, call, or tear down."""
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            self.passed = [each for each in self.passed if each != name]
            self.failed.setdefault(name, self._said(report))
            self._tell(self)  # now: what is left behind may keep the run from its end
        elif report.when == "call" and report.passed:
            self.passed.append(name)

    def _said(self, report: pytest.TestReport) -> str:
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is None:  # a fixture that is missing, and the like: pytest's words, without its coordinates
            lines = [line.strip() for line in str(report.longrepr).splitlines()]
            told = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
            return (told or lines[-1:] or ["no reason was given"])[0][:400]
        entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
        places = [entry.reprfileloc for entry in entries if getattr(entry, "reprfileloc", None)]
        own = [place.lineno for place in places if Path(place.path).name == self._tests.name]
        where = f" (line {own[-1]})" if own else ""
        return f"{crash.message.splitlines()[0][:400]}{where}"


def _within(seconds: float, test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def run(*args: Any, **kwargs: Any) -> None:
        try:
            async with asyncio.timeout(patience(seconds)) as deadline:
                await test(*args, **kwargs)
        except TimeoutError:
            if deadline.expired():
                pytest.fail(f"it had not ended after {seconds:.0f} s, though weeks are skipped here", pytrace=False)
            raise

    return run


def skip_for_one_at_a_time(env: WorkflowEnvironment) -> None:
    """Let a test fail that waits twice at once: the server counts its waiters, and then skips beyond what is due."""
    waiting = False
    unlocked, sleep = getattr(env, "time_skipping_unlocked", None), env.sleep
    if unlocked is None:  # another release of the SDK: then nothing is watched
        return

    @contextmanager
    def alone() -> Iterator[None]:
        nonlocal waiting
        if waiting:
            pytest.fail("it awaits two results, or a result and env.sleep, at once: time skipping serves one at a time")
        waiting = True
        try:
            yield
        finally:
            waiting = False

    @asynccontextmanager
    async def one_result() -> AsyncIterator[None]:
        with alone():
            async with unlocked():
                yield

    async def one_sleep(duration: timedelta | float) -> None:
        with alone():
            await sleep(duration)

    vars(env).update(time_skipping_unlocked=one_result, sleep=one_sleep)


def run_once(run: OneRun, fixtures: Any, tests: Path) -> None:
    """One pytest run of the tests, which are imported anew. Its first failure ends it."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(tests):
            del sys.modules[name]
    arguments = [
        str(tests), "-c", os.devnull, f"--rootdir={tests.parent}", "--import-mode=importlib", "--noconftest",
        "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto",
        "-o", "asyncio_default_fixture_loop_scope=function", "-q", "--tb=short", "-x",
    ]  # fmt: skip
    code = pytest.main(arguments, plugins=[run, fixtures])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        run.trouble = run.trouble or f"pytest ended with its code {int(code)}."


def main(report: str, support: str, tests: str) -> None:
    """Run the tests against `RIGHT` and `BROKEN` of the support module; its fixtures are in the module beside it."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    logging.disable(logging.CRITICAL)  # a mock that fails on purpose is no news
    subjects = import_module(support)
    fixtures = import_module(support.rpartition(".")[0] + ".fixtures")
    with open(report, "w", buffering=1) as lines:
        for right, group in ((True, subjects.RIGHT), (False, subjects.BROKEN)):
            for words, subject in group.items():

                def tell(run: OneRun, words: str = words) -> None:
                    told = {"subject": words, "passed": run.passed, "failed": run.failed, "trouble": run.trouble}
                    lines.write(json.dumps(told) + "\n")

                run = OneRun(subject, Path(tests), tell)
                run_once(run, fixtures, Path(tests))
                tell(run)
                if right and (run.failed or run.trouble or not run.passed):
                    lines.write(END + "\n")
                    return
        lines.write(END + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
