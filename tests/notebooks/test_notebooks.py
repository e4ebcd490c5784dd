"""Every notebook, run from top to bottom by strict nbval, without a network; of one solved form what differs from it.

What the other solved forms have saved is compared where each solution is checked: tests/integration/test_exercises.py.
One notebook also runs with one saved count wrong, and all as copies whose cells only give what is saved, all but one
count each: if nbval let that pass, its silence about the others would mean nothing.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from tests.notebooks import offline, saved, solved
from tests.notebooks.validate import validated

each_notebook = pytest.mark.parametrize("path", saved.NOTEBOOKS, ids=lambda path: path.stem)
pytestmark = pytest.mark.timeout(1000)


def plant(notebook: NotebookNode) -> int:
    """Make one saved count wrong, by one. Returns its cell's number.

    Taken is the first count that a text says of something started, completed or attempted; a
    notebook that has none of these gives its first number.
    """
    counts = (
        r"(?:started|completed|attempts?)\D{0,12}(\d+)",
        r"\b(\d+)\s+(?:started|times)",
        r"(\d+)",
    )
    for regex in counts:
        for number, cell in enumerate(saved.code_cells(notebook)):
            if saved.is_compared(cell) and any(map(_planter(regex), cell.outputs)):
                return number
    raise AssertionError("the notebook shows no number that nbval compares")


def _planter(regex: str) -> Callable[[NotebookNode], bool]:
    """Plants into an output, where it is compared: not in what the sanitizer makes equal."""

    def plant_in(output: NotebookNode) -> bool:
        fields, name = (output, "text") if "text" in output else (output.get("data", {}), "text/plain")
        text = fields.get(name, "")
        for count in re.finditer(regex, text):
            wrong = text[: count.start(1)] + str(int(count[1]) + 1) + text[count.end(1) :]
            if saved.sanitize(wrong) != saved.sanitize(text):
                fields[name] = wrong
                return True
        return False

    return plant_in


def echo(notebook: NotebookNode) -> None:
    """Let each cell give what is saved of it, and do nothing else."""
    for cell in saved.code_cells(notebook):
        if cell.execution_count is None:
            continue
        comments = [line for line in cell.source.splitlines() if line.startswith("#")]  # nbval's among them
        cell.source = "\n".join([*comments, ECHO.format(json.dumps(cell.outputs))])


ECHO = """
import json, sys
from IPython.display import display
for output in json.loads({!r}):
    if "data" in output:
        display(output["data"], raw=True)
    else:
        print(output["text"], end="", file=getattr(sys, output["name"]), flush=True)
"""


@each_notebook
def test_what_is_saved_is_what_runs(path: Path, tmp_path: Path) -> None:
    validation = validated(saved.read(path), path, tmp_path)
    assert not validation.not_passed, validation.log


def test_what_is_saved_solved_is_what_runs(tmp_path: Path) -> None:
    path = solved.lessons()[0]
    validation = validated(solved.own_part(saved.read(solved.solved_path(path))), path, tmp_path)
    assert not validation.not_passed, validation.log


def test_a_wrong_count_is_found(tmp_path: Path) -> None:
    path = saved.NOTEBOOKS[-1]  # the index, which takes least time
    notebook = saved.read(path)
    cell = plant(notebook)
    validation = validated(notebook, path, tmp_path)
    assert validation.not_passed == {cell: "failure"}, validation.log
    assert "Cell outputs differ" in validation.log


def test_a_wrong_count_of_each_lesson_is_found(tmp_path: Path) -> None:
    """The comparison is what can miss it, not the run: so the cells only give what is saved, lesson after lesson."""
    together, wrong = new_notebook(), {}
    for path in saved.NOTEBOOKS:
        notebook = saved.read(path)
        echo(notebook)
        wrong[len(together.cells) + plant(notebook)] = "failure"
        together.cells += saved.code_cells(notebook)
    for number, cell in enumerate(together.cells):
        cell.id = f"cell-{number}"
    validation = validated(together, saved.NOTEBOOKS[0], tmp_path)
    assert len(wrong) == len(saved.NOTEBOOKS)
    assert validation.not_passed == wrong, validation.log
    differ = re.findall(r"Cell (\d+): Cell outputs differ", validation.log)
    assert set(map(int, differ)) == set(wrong)


CONNECT = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), timeout=5).close()
print("loopback answers")
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    print(type(error).__name__, error)
"""


def test_offline_means_offline() -> None:
    args, env = offline.command(sys.executable, "-c", CONNECT)
    done = subprocess.run(args, env={**os.environ, **env}, capture_output=True, text=True, timeout=120)
    loopback, *elsewhere = done.stdout.splitlines()
    assert loopback == "loopback answers", done.stderr
    assert len(elsewhere) == 1
    if offline.why_not():
        assert "only loopback is allowed" in elsewhere[0]
    else:
        assert "Network is unreachable" in elsewhere[0]


def test_root_in_ci_gets_a_network_namespace() -> None:
    """There the strong form must not give way to the weak one unseen."""
    if os.environ.get("CI", "").lower() != "true" or os.geteuid() != 0:
        pytest.skip("not root in CI" + (f"; here: {offline.why_not()}" if offline.why_not() else ""))
    assert not offline.why_not()
