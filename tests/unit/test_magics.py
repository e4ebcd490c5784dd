"""The cell magics in a real IPython shell, and that a learner's cell meets no traceback."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from stagedflow.course import load_ipython_extension, magics

WORKFLOW = """from temporalio import activity, workflow


@activity.defn
def pay() -> int:
    return 1


@workflow.defn
class Order:
    @workflow.run
    async def run(self) -> int:
        return 1
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    shell = InteractiveShell.instance()
    load_ipython_extension(shell)
    yield shell
    magics.attempts.clear()
    InteractiveShell.clear_instance()


def run(shell: Any, capsys: pytest.CaptureFixture[str], cell: str) -> str:
    result = shell.run_cell(cell)
    assert result.success, result.error_in_exec
    return capsys.readouterr().out


def test_a_module_brings_its_names_and_can_be_imported_elsewhere(
    shell: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = run(shell, capsys, f"%%module orders\n{WORKFLOW}")
    assert said == "orders: workflow Order; activity pay\n"
    order = shell.user_ns["Order"]
    assert order.__module__.startswith("orders_")
    assert str(tmp_path / "cells") in sys.path
    assert shell.user_ns["workflow"].__name__ == "temporalio.workflow"


def test_new_text_is_a_new_module_and_the_same_text_the_same(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    for text in (WORKFLOW, WORKFLOW.replace("return 1", "return 2"), WORKFLOW):
        run(shell, capsys, f"%%module orders\n{text}")
        seen.append(shell.user_ns["Order"].__module__)
    assert seen[0] == seen[2] != seen[1]


def test_an_error_names_the_line_of_the_cell(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, capsys, f"%%module orders\n{WORKFLOW}")
    before = shell.user_ns["Order"]
    said = run(shell, capsys, f"%%module orders\n{WORKFLOW}\nfoo.bar\n")
    line = len(WORKFLOW.splitlines()) + 3  # the magic's own, and an empty one
    said_line = f"Line {line}: NameError: name 'foo' is not defined\n{line:>6} | foo.bar\n"
    assert said == f"✗ This cell cannot be imported. {said_line}"
    assert shell.user_ns["Order"] is before


@pytest.mark.parametrize("line", ["", "a b", "1st", "../x", "x" * 60])
def test_a_module_without_a_proper_name_is_refused_in_words(
    shell: Any, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    assert run(shell, capsys, f"%%module {line}\nx = 1").startswith("✗ %%module takes a name")


def test_an_exercise_says_what_it_took_and_what_comes_next(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    known = magics.exercise("never_go_back")
    said = run(shell, capsys, f"%%exercise never_go_back\n{known.starter}")
    assert "this is the starter" in said
    said = run(shell, capsys, f"%%exercise never_go_back\n{known.solution}")
    assert said == 'never_go_back: workflow Approvals. Now: check("never_go_back")\n'
    assert magics.attempts["never_go_back"].workflows[0].signals == ("advance_stage",)
    assert run(shell, capsys, "%%exercise never_goes_back\nx = 1").startswith("✗ There is no exercise")


def test_a_folder_that_cannot_be_written_to_is_said_in_words(
    shell: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path / "file"))
    said = run(shell, capsys, f"%%module orders\n{WORKFLOW}")
    assert said.startswith("✗ The cell cannot be kept")
    assert "STAGEDFLOW_HOME" in said
