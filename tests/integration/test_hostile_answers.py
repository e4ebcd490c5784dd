"""Answers that hang, raise, flood, end their process or are none at all: each is told what was seen."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from stagedflow import Lab, Rollout, StagedWorkflow
from stagedflow.background import submit
from stagedflow.course import checking, magics, patience
from stagedflow.course.attempt import MAX_SOURCE, attempt_of
from stagedflow.course.checking import check, checked
from stagedflow.course.exercise import Exercise, exercise
from stagedflow.course.outcome import CANNOT_CHECK, CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome
from stagedflow.course.trial import Trial, Wrong
from stagedflow.errors import LabError
from tests.integration.story import server_of

NAME = "never_go_back"
RIGHT = exercise(NAME).solution
WAITS = "await workflow.wait_condition(lambda: self.stage >= 3)"
HANDLER = "self.stage = max(self.stage, stage)"
ANSWERS = {
    "an import that never ends": ("while True:\n    pass\n", "longer than 10 s"),
    "an import that floods": ("while True:\n    print('x' * 1000)\n", "line 3: OSError"),
    "an import that ends its process": ("import os\nos._exit(3)\n", "ended (3)"),
    "an import that exits": ("import sys\nsys.exit('enough')\n", "line 3: SystemExit"),
    "an import that takes all memory": ("x = 'a' * 10**12\n", "line 2: MemoryError"),
    "no Python": ("def f(:\n", "line 2: SyntaxError"),
    "a null byte": ("x = 1\0\n", "null bytes"),
    "a name that is not there": (f"{RIGHT}\nfoo\n", "NameError: name 'foo'"),
    "nothing": ("", "no workflow in the cell"),
    "no workflow": ("x = 1\n", "no workflow in the cell"),
    "a workflow of another name": (RIGHT.replace("Approvals", "Other"), "no workflow class Approvals"),
    "two workflows of one name": (
        RIGHT + RIGHT.replace("workflow.defn", "workflow.defn(name='Approvals')").replace("class Approvals", "class B"),
        "No worker can be started",
    ),
    "no handler": (RIGHT.replace("def advance_stage", "def advance"), "no signal handler 'advance_stage'"),
    "a workflow that spins": (RIGHT.replace(WAITS, "\n        while True:\n            pass"), "TMPRL1101"),
    "a workflow that raises": (RIGHT.replace(WAITS, "raise KeyError('oh')"), "KeyError: 'oh' (line 12)"),
    "a workflow that fails": (
        RIGHT.replace(
            WAITS, "from temporalio.exceptions import ApplicationError\n        raise ApplicationError('no', type='T')"
        ),
        "failed",
    ),
    "a workflow that floods": (RIGHT.replace(WAITS, "\n        while True:\n            print('x' * 1000)"), "OSError"),
    "a workflow that takes all memory": (RIGHT.replace(WAITS, "x = 'a' * 10**12"), "MemoryError"),
    "a workflow that reads files": (RIGHT.replace(WAITS, "open('x').read()"), "RestrictedWorkflowAccessError"),
    "a workflow that never comes to rest": (
        RIGHT.replace(WAITS, "\n        while True:\n            await workflow.sleep(0.001)"),
        "",
    ),
    "a workflow that waits for ever": (RIGHT.replace(">= 3", ">= 30"), "did not complete within"),
    "a handler that raises": (RIGHT.replace(HANDLER, "raise ValueError('no')"), "ValueError: no"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path))
    return tmp_path


async def outcome(source: str) -> Outcome:
    return await checked(exercise(NAME), await attempt_of(NAME, source))


ENDLESS = {"an import that never ends", "a workflow that never comes to rest", "a workflow that waits for ever"}
"""On a busy machine, too, they need not be waited for longer."""


@pytest.mark.parametrize("which", ANSWERS)
def test_it_is_told_what_was_seen(which: str, server_binary: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, message = ANSWERS[which]
    if which in ENDLESS:
        monkeypatch.setattr(patience, "MOST", 1.0)
    said = submit(outcome(source)).result()
    assert said.status == INCORRECT
    assert message in said.message
    assert "Traceback" not in said.message
    assert sum(f.stat().st_size for f in home.rglob("*")) < 1_000_000
    assert [p for p in psutil.Process().children(recursive=True) if "temporal" in p.name() and p.is_running()] == []


def test_an_answer_that_is_too_long_is_refused_in_words() -> None:
    with pytest.raises(LabError, match="characters"):
        submit(attempt_of(NAME, "#" * (MAX_SOURCE + 1))).result()


def test_without_a_server_nothing_is_said_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEDFLOW_TEMPORAL", "/nowhere/temporal")
    said = submit(outcome(RIGHT)).result()
    assert said.status == CANNOT_CHECK
    assert "/nowhere/temporal" in said.message


@pytest.mark.parametrize("amiss", [Wrong("It never waited."), TimeoutError()])
def test_a_server_that_ends_under_a_check_blames_nobody(
    server_binary: Path, amiss: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def robbed(trial: Trial) -> str:
        os.kill(server_of(await trial.open()), signal.SIGKILL)
        raise amiss

    monkeypatch.setattr(Exercise, "check", property(lambda _: robbed))
    said = submit(outcome(RIGHT)).result(60)
    assert said.status == CANNOT_CHECK
    assert "no fault of your code" in said.message


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_a_check_that_fails_itself_blames_nobody(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error("mine")

    monkeypatch.setattr(checking.Trial, "must_have", broken)
    said = submit(outcome(RIGHT)).result(60)
    assert said.status == CANNOT_CHECK
    assert "no fault of your code" in said.message


def test_a_check_that_gives_no_text_is_not_taken_for_right(monkeypatch: pytest.MonkeyPatch) -> None:
    async def number(_: object) -> int:
        return 1

    monkeypatch.setattr(Exercise, "check", property(lambda _: number))
    said = submit(outcome(RIGHT)).result(60)
    assert said.status == CANNOT_CHECK
    assert "check.py gave 1, not a text" in said.message


def test_check_never_raises_and_remembers(server_binary: Path) -> None:
    magics.attempts.pop(NAME, None)
    assert check("never_go").status == CANNOT_CHECK
    assert "Did you mean 'never_go_back'?" in check("never_go").message
    assert check(NAME).status == NOT_ATTEMPTED
    magics.run_exercise(NAME, exercise(NAME).starter)
    assert check(NAME).status == NOT_ATTEMPTED
    magics.run_exercise(NAME, RIGHT)
    assert check(NAME).status == CORRECT
    magics.run_exercise(NAME, "")
    assert check(NAME).status == INCORRECT
    [lesson] = [each for each in checking.progress_file.read()["exercises"].items() if each[0] == NAME]
    assert (lesson[1]["best"], lesson[1]["last"], lesson[1]["checks"]) == (CORRECT, INCORRECT, 2)


def test_on_the_labs_own_loop_it_refuses_instead_of_hanging() -> None:
    async def inside() -> Outcome:
        return check(NAME)

    assert submit(inside()).result(60).status == CANNOT_CHECK


def test_a_check_works_while_something_else_awaits(server_binary: Path) -> None:
    """A panel's cell may wait for a person: neither waits for the other."""

    async def parked() -> None:
        async with await Lab.open() as lab:
            await lab.start_worker("A")
            handle = await lab.client.start_workflow(
                StagedWorkflow.run, Rollout(work_seconds=0.1), id="parked", task_queue=lab.task_queue
            )
            await lab.until(handle, gate=2, timeout=300)

    waiting = submit(parked())
    magics.run_exercise(NAME, RIGHT)
    assert check(NAME).status == CORRECT
    assert not waiting.done()
    waiting.cancel()
