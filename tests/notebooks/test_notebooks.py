"""Every notebook, run from top to bottom by strict nbval, without a network.

Beside each runs a copy in which one count is wrong: if nbval let that pass, its silence about the
other would mean nothing. The two run at the same time, as they mostly wait.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat import NotebookNode

from tests.notebooks import offline, saved
from tests.notebooks.validate import Running, Validation

each_notebook = pytest.mark.parametrize("path", saved.NOTEBOOKS, ids=lambda path: path.stem)
pytestmark = pytest.mark.timeout(400)

MAIN_JOB = ("00_", "01_", "02_")  # together these three take less than two minutes


@dataclass(frozen=True)
class Pair:
    """A notebook validated as it is saved, and with a wrong count in one cell."""

    saved: Validation
    planted: Validation
    planted_cell: int


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


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Pair]:
    """Validates a notebook and its planted copy, once for all tests."""
    pairs: dict[Path, Pair] = {}

    def validate(path: Path) -> Pair:
        if path not in pairs:
            folder = tmp_path_factory.mktemp(path.stem)
            copies = [Path(shutil.copytree(path.parent, folder / name)) / path.name for name in ("saved", "planted")]
            notebook = saved.read(copies[1])
            cell = plant(notebook)
            saved.write(notebook, copies[1])
            both = [Running(copy) for copy in copies]
            pairs[path] = Pair(*(each.result() for each in both), planted_cell=cell)
        return pairs[path]

    return validate


@each_notebook
def test_what_is_saved_is_what_runs(path: Path, validated: Callable[[Path], Pair]) -> None:
    validation = validated(path).saved
    print(f"{path.name}: {len(validation.cells)} cells in {validation.seconds:.1f} s")
    assert len(validation.cells) == len(saved.code_cells(saved.read(path)))
    assert not validation.not_passed, validation.log


@each_notebook
def test_a_wrong_count_is_found(path: Path, validated: Callable[[Path], Pair]) -> None:
    pair = validated(path)
    assert pair.planted.not_passed == {pair.planted_cell: "failure"}, pair.planted.log
    assert "Cell outputs differ" in pair.planted.log


def test_the_main_job_takes_under_two_minutes(validated: Callable[[Path], Pair]) -> None:
    paths = [path for path in saved.NOTEBOOKS if path.name.startswith(MAIN_JOB)]
    assert len(paths) == len(MAIN_JOB)
    assert sum(validated(path).saved.seconds for path in paths) < 120


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
    done = subprocess.run(args, env={**os.environ, **env}, capture_output=True, text=True, timeout=30)
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
