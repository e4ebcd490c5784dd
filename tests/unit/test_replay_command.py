"""`stagedflow replay`: what it prints, what it writes, its exit codes, and what it says of wrong arguments."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stagedflow.commands import main as cli
from stagedflow.commands.replay import PARTED, tell
from stagedflow.replay.trace import ReplayTrace, TraceEvent
from tests.conftest import FIXTURES
from tests.fixtures.recorded import text_of

HISTORY = str(FIXTURES / "completed.json")
STAGED = "stagedflow.staged:StagedWorkflow"
MINE = """
from datetime import timedelta
from temporalio import workflow

@workflow.defn(name="StagedWorkflow")
class Edited:
    @workflow.run
    async def run(self, rollout: dict) -> None:
        await workflow.execute_activity("reserve_all", rollout, start_to_close_timeout=timedelta(seconds=1))

@workflow.defn(name="StagedWorkflow")
class Slow:
    @workflow.run
    async def run(self, rollout: dict) -> None:
        await workflow.sleep(1)

class Plain:
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module of the learner's in it; imports are forgotten afterwards."""
    (tmp_path / "my_rollout.py").write_text(MINE)
    (tmp_path / "broken_rollout.py").write_text("raise ValueError('not today')\n")
    (tmp_path / "leaving_rollout.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "needy_rollout.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("my_rollout", "broken_rollout", "leaving_rollout", "needy_rollout"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def replay(*arguments: str) -> int:
    return cli.main(["replay", *arguments])


def test_a_history_that_fits_is_a_table_and_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(HISTORY, "--workflow", STAGED) == 0
    told = capsys.readouterr().out
    assert "activity reserve_devices completed" in told
    assert told.rstrip().endswith("Replayed: the 41 events fit this code of StagedWorkflow, in 8 steps.")


@pytest.mark.parametrize(("count", "words"), [(1, "the 1 event fits this code"), (2, "the 2 events fit this code")])
def test_one_event_is_told_in_the_singular(count: int, words: str) -> None:
    events = tuple(TraceEvent(n, "WORKFLOW_EXECUTION_STARTED") for n in range(1, count + 1))
    assert words in tell(ReplayTrace(workflow_type="Rollout", events=events), table=False)


@pytest.mark.parametrize("table", [True, False])
def test_what_a_history_says_cannot_write_on_the_terminal(table: bool) -> None:
    said = "\x1b[2Jgone\u202e"
    told = tell(ReplayTrace(workflow_type=said, notes=(said,)), table=table)
    assert "\\x1b[2Jgone\\u202e" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_an_error_that_repeats_an_argument_cannot_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay("no\x1b[2J.json", "--workflow", STAGED) == 1
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert "no" in told


def test_code_that_does_not_fit_is_told_and_exit_code_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert PARTED == 3
    assert replay(HISTORY, "--workflow", "my_rollout:Edited", "--html", "out.html") == 3
    told = capsys.readouterr()
    assert told.out.startswith(
        "The replay failed at step 1 of 1: At event 5 history has the activity reserve_devices "
        "(ACTIVITY_TASK_SCHEDULED), but this code scheduled the activity reserve_all at line 9 of my_rollout.py "
        "instead."
    )
    assert told.out.rstrip().endswith("Saved out.html: open it in any browser.")
    assert told.err == ""
    page = (folder / "out.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "reserve_all" in page


def test_with_text_both_are_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(HISTORY, "--workflow", "my_rollout:Slow", "--html", "out.html", "--text") == 3
    told = capsys.readouterr().out
    assert "start timer 1 s" in told and "(why: see above)" in told
    assert (folder / "out.html").stat().st_size > 10_000


def test_of_several_workflows_the_historys_is_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "calm.json").write_text(text_of("calm"))
    assert replay("calm.json", "--workflow", STAGED, "--workflow", "tests.fixtures.workflows.troubled:Calm") == 0
    assert "fit this code of Calm" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("workflow", "says"),
    [
        ("my_rollout", "names no class: write module:Class"),
        ("my_rollout:", "names no class: write module:Class"),
        (":Edited", "names no class: write module:Class"),
        ("my_rollout:Edit", "The module my_rollout has no 'Edit'. Its workflows: Edited, Slow."),
        ("my_rollout:Plain", "The module my_rollout has no workflow 'Plain'. Its workflows: Edited, Slow."),
        ("asyncio:Lock", "Its workflows: none."),
        ("my_rollouts:Edited", "There is no module 'my_rollouts'"),
        ("my_rollout.deep:Edited", "There is no module 'my_rollout.deep'"),
        ("my_rollout.py:Edited", "name its module, from this folder: my_rollout:Edited"),
        ("./my_rollout.py:Edited", "name its module, from this folder: my_rollout:Edited"),
        ("broken_rollout:Edited", "could not be imported: ValueError: not today"),
        ("leaving_rollout:Edited", "could not be imported: SystemExit: 3"),
        ("needy_rollout:Edited", "No module named 'no_such_package'. Is it installed in this Python?"),
        ("tests.fixtures.workflows.troubled:Calm", "of the workflow type 'StagedWorkflow', but the code given is of"),
    ],
)
def test_a_workflow_that_cannot_be_had_is_one_line_and_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str], workflow: str, says: str
) -> None:
    assert replay(HISTORY, "--workflow", workflow) == 1
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.startswith("stagedflow: ") and told.err.count("\n") == 1
    assert told.out == ""


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ("no_such.json", "There is no file 'no_such.json' here."),
        (".", "is a folder"),
        ("my_rollout.py", "'my_rollout.py' is not JSON"),
        ('{"events": []}', "There is no file"),
    ],
)
def test_a_history_that_cannot_be_read_is_one_line_and_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str], history: str, says: str
) -> None:
    assert replay(history, "--workflow", STAGED) == 1
    told = capsys.readouterr()
    assert says in told.err and "temporal workflow show" in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("no/such/folder/out.html", "there is no folder"),
        (".", "is a folder: name a file in it"),
        ("my_rollout.py/out.html", "there is no folder"),
    ],
)
def test_a_page_that_cannot_be_written_is_told_before_the_replay(
    folder: Path, capsys: pytest.CaptureFixture[str], html: str, says: str
) -> None:
    assert replay(HISTORY, "--workflow", STAGED, "--html", html) == 1
    assert says in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_told_even_to_root(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(HISTORY, "--workflow", STAGED, "--html", "/proc/out.html") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_terminal_that_knows_few_signs_gets_question_marks_for_the_others() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "stagedflow", "replay", HISTORY, "--workflow", STAGED],
        capture_output=True,
        timeout=300,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (told.returncode, told.stderr) == (0, b"")
    assert b"? from history" in told.stdout


def test_the_page_is_never_written_over_the_history_or_over_code(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = folder / "mine.json"
    mine.write_text(Path(HISTORY).read_text())
    code = folder / "my_code.py"
    code.write_text("precious = True\n")
    for place, words in ((mine, "is the history itself"), (code, "is there already, and is no .html file")):
        before = place.read_text()
        assert replay(str(mine), "--workflow", STAGED, "--html", str(place)) == 1
        assert words in capsys.readouterr().err
        assert place.read_text() == before


def test_a_reader_that_stops_early_gets_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "stagedflow", "replay", HISTORY, "--workflow", STAGED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


CLIENT = """
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.plugin import SimplePlugin

converter = DataConverter.default
used = []

def make_converter():
    used.append("converter")
    return DataConverter.default

def make_plugin():
    def runner(existing):
        used.append(type(existing).__name__)
        return existing
    return SimplePlugin("mine", workflow_runner=runner)
"""


@pytest.fixture
def client(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The learner's module with a converter and a plugin."""
    (folder / "my_client.py").write_text(CLIENT)
    monkeypatch.delitem(sys.modules, "my_client", raising=False)
    return lambda: sys.modules["my_client"].used


def test_the_clients_converter_and_plugins_are_taken(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--converter", "my_client:make_converter", "--plugin", "my_client:make_plugin", "--passthrough", "json")
    assert replay(HISTORY, "--workflow", STAGED, *options) == 0
    assert client() == ["converter", "SandboxedWorkflowRunner"]
    assert "in 8 steps" in capsys.readouterr().out
    assert replay(HISTORY, "--workflow", STAGED, "--converter", "my_client:converter", "--unsandboxed") == 0
    assert "in 8 steps" in capsys.readouterr().out, "recorded without the sandbox, too"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--converter", "my_client"), "'my_client' names nothing: write module:object"),
        (("--converter", "my_client:gone"), "The module my_client has no 'gone'."),
        (("--converter", "my_client:used"), "my_client:used is a list, and no DataConverter of Temporal's SDK."),
        (("--plugin", "my_client:Client"), "my_client:Client could not be called: TypeError: "),
        (("--workflow-id", "another"), "is the one of the workflow 'completed', not of 'another'"),
    ],
)
def test_an_option_that_names_nothing_usable_is_told(
    client: Any, options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(HISTORY, "--workflow", STAGED, *options) == 1
    assert words in capsys.readouterr().err
