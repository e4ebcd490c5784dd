"""What is saved in the notebooks: plain, readable everywhere, and all of it compared by nbval."""

import contextlib
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from stagedflow.course.exercise import exercises
from tests.notebooks import build, saved, solved

RUN_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I)
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<>-])/(home|root|tmp|usr|opt|var|srv|mnt|work|Users|private)/|\b[A-Z]:\\|site-packages"
)
SOLVED = solved.lessons()
each_notebook = pytest.mark.parametrize(
    "path", [*saved.NOTEBOOKS, *map(solved.solved_path, SOLVED)], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
each_solved = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
CHECK = re.compile(r"^check\(.(\w+).\)", re.M)


class _Images(HTMLParser):
    """Collects the attributes of every picture."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs))


def test_there_are_notebooks() -> None:
    """Else the tests below would pass over nothing."""
    assert saved.NOTEBOOKS


@each_notebook
def test_no_cell_escapes_the_comparison(path: Path) -> None:
    for number, cell in enumerate(saved.code_cells(saved.read(path))):
        assert not saved.markers(cell).get("skip"), f"cell {number} is skipped"
        assert not saved.markers(cell).get("check_exception"), f"cell {number} is meant to raise"
        assert cell.execution_count is not None, f"cell {number} was not run, so not compared"
        for output in cell.outputs:
            silent = {"image/png", "image/jpeg"} & set(output.get("data", {}))
            assert not silent, f"cell {number}: nbval does not compare {silent}"


@each_notebook
def test_an_ignored_output_is_a_picture_with_a_compared_text_twin(path: Path) -> None:
    cells = saved.code_cells(saved.read(path))
    ignored = [number for number, cell in enumerate(cells) if not saved.is_compared(cell)]
    assert len(ignored) <= 2
    for number in ignored:
        assert _Images(saved.html(cells[number])).found, f"cell {number} shows no picture"
        assert number + 1 < len(cells), f"cell {number} has no text twin after it"
        twin = cells[number + 1]
        prints = any(output.output_type == "stream" for output in twin.outputs)
        assert prints and saved.is_compared(twin), f"cell {number + 1} is no text twin"


@each_notebook
def test_outputs_are_plain(path: Path) -> None:
    notebook = saved.read(path)
    assert set(notebook.metadata.get("language_info", {})) == {"name"}
    assert "widgets" not in notebook.metadata
    for number, cell in enumerate(saved.code_cells(notebook)):
        for output in cell.outputs:
            assert output.output_type != "error", f"cell {number}"
            assert not any("widget" in mime for mime in output.get("data", {})), f"cell {number}"
        for text in saved.texts(cell):
            for what, pattern in (("run id", RUN_ID), ("absolute path", ABSOLUTE_PATH)):
                found = pattern.search(text)
                assert not found, f"cell {number} shows a {what}: {text[found.start() :][:80]!r}"


@each_notebook
def test_every_picture_has_words(path: Path) -> None:
    notebook = saved.read(path)
    shown = [saved.html(cell) for cell in saved.code_cells(notebook)]
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for image in _Images("\n".join(shown + prose)).found:
        assert (image.get("alt") or "").strip(), image.get("src", "")[:80]
    assert not re.search(r"!\[\s*\]\(", "\n".join(prose)), "a picture in the prose has no alt text"


@each_solved
def test_the_solved_form_is_the_lesson_with_the_solutions_in(path: Path) -> None:
    wanted, found = saved.read(path), saved.read(solved.solved_path(path))
    solved.solve(wanted)
    assert [cell.source for cell in found.cells] == [cell.source for cell in wanted.cells]
    for one, other in zip(saved.code_cells(found), saved.code_cells(wanted), strict=True):
        assert solved.is_own(one) or saved.same(one.outputs, other.outputs), one.source


@each_solved
@pytest.mark.parametrize("form", ["unsolved", "solved"])
def test_each_check_answers_as_it_should(path: Path, form: str) -> None:
    notebook = saved.read(path if form == "unsolved" else solved.solved_path(path))
    said = {
        found[1]: output.data["text/plain"]
        for cell in saved.code_cells(notebook)
        if (found := CHECK.search(cell.source))
        for output in cell.outputs
        if "data" in output
    }
    names = solved.exercises_in(notebook)
    sign = "○ {0}: not attempted\n" if form == "unsolved" else "✓ {0}: correct\n"
    assert said.keys() == names.keys()
    for name in names:
        assert said[name].startswith(sign.format(name))
        assert "hint(" in said[name] or form == "solved"


@each_solved
def test_each_exercise_cell_holds_its_starter(path: Path) -> None:
    for name, code in solved.exercises_in(saved.read(path)).items():
        assert code.strip() == exercises()[name].starter.strip()
        assert path.name.startswith(exercises()[name].lesson)


def test_each_exercise_is_in_its_lesson() -> None:
    found = [name for path in SOLVED for name in solved.exercises_in(saved.read(path))]
    assert found == list(exercises())
    assert len(found) >= 16


@pytest.mark.parametrize(
    ("said", "is_saved"), [("✓ x: correct\n    Seen.", True), ("✗ x: incorrect\n    : correct", False)]
)
def test_a_solution_that_is_not_correct_is_not_saved(said: str, is_saved: bool) -> None:
    output = nbformat.v4.new_output("execute_result", data={"text/plain": said})
    cell = nbformat.v4.new_code_cell('# What it says.\ncheck("x")', outputs=[output])
    with contextlib.nullcontext() if is_saved else pytest.raises(build.BuildError, match="is not correct"):
        build._must_be_correct(nbformat.v4.new_notebook(cells=[cell]))
