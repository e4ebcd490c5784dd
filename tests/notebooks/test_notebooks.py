"""Every notebook, run from top to bottom by strict nbval, without a network; each lesson solved, too.

Each also runs as a copy in which one count is wrong: if nbval let that pass, its silence about the
others would mean nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from nbformat import NotebookNode

from tests.notebooks import offline, saved, solved
from tests.notebooks.validate import Running, Validation

SOLVED = solved.lessons()
each_notebook = pytest.mark.parametrize("path", saved.NOTEBOOKS, ids=lambda path: path.stem)
each_solved = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
pytestmark = pytest.mark.timeout(900)  # the first test waits for a place among all the others

AT_ONCE = 3
LEFT_BEHIND = shutil.ignore_patterns(".stagedflow", ".ipynb_checkpoints", "instructor")

MAIN_JOB = ("00_", "01_", "02_")  # together these three take less than two minutes


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


class Course:
    """Every notebook's runs, each once for all tests; a few at a time, as they mostly wait."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._began = time.monotonic()
        self.planted_cells: dict[Path, int] = {}
        # As the learner gets it, and solved: the course. Then the copies with a wrong count.
        self.unsolved = {path: self._pool.submit(self._run, path, path, "saved") for path in saved.NOTEBOOKS}
        self.solved = {path: self._pool.submit(self._run, path, solved.solved_path(path), "solved") for path in SOLVED}
        self.planted = {path: self._pool.submit(self._run, path, path, "planted") for path in saved.NOTEBOOKS}

    def seconds(self) -> float:
        """How long the course took, all of it, unsolved and solved."""
        return max(each.result()[1] for each in (*self.unsolved.values(), *self.solved.values())) - self._began

    def _run(self, path: Path, form: Path, name: str) -> tuple[Validation, float]:
        copy = Path(shutil.copytree(path.parent, self._folder / path.stem / name, ignore=LEFT_BEHIND)) / path.name
        notebook = saved.read(form)
        if name == "planted":
            self.planted_cells[path] = plant(notebook)
        saved.write(notebook, copy)
        return Running(copy).result(), time.monotonic()

    def close(self) -> None:
        """Let what runs come to its end."""
        self._pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    course = Course(tmp_path_factory.mktemp("course"))
    yield course
    course.close()


@each_notebook
def test_what_is_saved_is_what_runs(path: Path, course: Course) -> None:
    validation, _ = course.unsolved[path].result()
    print(f"{path.name}: {len(validation.cells)} cells in {validation.seconds:.1f} s")
    assert len(validation.cells) == len(saved.code_cells(saved.read(path)))
    assert not validation.not_passed, validation.log


@each_solved
def test_what_is_saved_solved_is_what_runs(path: Path, course: Course) -> None:
    validation, _ = course.solved[path].result()
    print(f"{path.name}, solved: {len(validation.cells)} cells in {validation.seconds:.1f} s")
    assert len(validation.cells) == len(saved.code_cells(saved.read(path)))
    assert not validation.not_passed, validation.log


@each_notebook
def test_a_wrong_count_is_found(path: Path, course: Course) -> None:
    validation, _ = course.planted[path].result()
    assert validation.not_passed == {course.planted_cells[path]: "failure"}, validation.log
    assert "Cell outputs differ" in validation.log


def test_the_main_job_takes_under_two_minutes(course: Course) -> None:
    paths = [path for path in saved.NOTEBOOKS if path.name.startswith(MAIN_JOB)]
    assert len(paths) == len(MAIN_JOB)
    assert sum(course.unsolved[path].result()[0].seconds for path in paths) < 120


def test_the_course_unsolved_and_solved_takes_under_six_minutes(course: Course) -> None:
    print(f"the whole course: {course.seconds():.0f} s")
    assert course.seconds() < 360


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
