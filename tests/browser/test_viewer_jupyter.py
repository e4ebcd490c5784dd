"""The replay viewer in a real JupyterLab: it displays, keys move it and nothing else, and a kernel can drive it."""

import re
from pathlib import Path

import nbformat
import pytest

from stagedflow.widgets.viewer.viewer import ReplayViewer
from tests.browser.jupyter import JupyterPage
from tests.viewer_traces import recovered

SHOW = """
from stagedflow.widgets.viewer.viewer import ReplayViewer
from tests.viewer_traces import recovered, replayed, STEPS
viewer = ReplayViewer(replayed())
viewer
"""
COMPARE = """
from stagedflow.widgets.viewer.compare import compare
from tests.viewer_traces import parted, replayed
compare(replayed(), parted())
"""
ROOT = str(Path(__file__).parents[2])
HERE = ".jp-OutputArea .sfv"


def notebook(course: Path, cells: list[nbformat.NotebookNode]) -> str:
    """The name of a new notebook with these cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), course / "viewer.ipynb")
    return "viewer.ipynb"


@pytest.fixture
def shown(jupyter: JupyterPage, course: Path) -> JupyterPage:
    """A notebook whose first cell shows a viewer, and that has a cell above and one below."""
    cells = [nbformat.v4.new_code_cell(source) for source in ("'above'", SHOW, "'below'")]
    jupyter.open(notebook(course, cells))
    jupyter.evaluate(f"__import__('sys').path.insert(0, {ROOT!r})")
    jupyter.run_cells(1)
    jupyter.wait_text(f"{HERE} .sfv-where", "Step 1 of 4")
    return jupyter


def active_cell(jupyter: JupyterPage) -> int:
    return jupyter.page.evaluate("() => course.panel().content.activeCellIndex")


def cells(jupyter: JupyterPage) -> list[str]:
    return jupyter.page.evaluate("() => course.cells().map(cell => cell.sharedModel.source)")


def test_keys_move_the_viewer_and_never_the_notebook(shown: JupyterPage) -> None:
    before = cells(shown)
    shown.page.locator(f"{HERE} h3").click()
    assert shown.page.evaluate("() => course.panel().content.mode") == "command"
    for key, expected in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", 4), ("Home", 1)):
        shown.page.keyboard.press(key)
        shown.wait_text(f"{HERE} .sfv-where", f"Step {expected} of 4")
    # Each of these would change a notebook in command mode: new cells, deletion, a move, Markdown, a cut.
    for key in ("ArrowDown", "ArrowUp", "j", "k", "a", "b", "d", "d", "m", "x", "n", "p", "Enter", "Shift+Enter", "."):
        shown.page.keyboard.press(key)
    assert active_cell(shown) == 1
    assert cells(shown) == before
    assert shown.page.evaluate("() => course.panel().content.mode") == "command"
    assert shown.errors == []
    assert shown.requested_elsewhere == []


def test_the_search_box_takes_letters_that_are_commands_elsewhere(shown: JupyterPage) -> None:
    before = cells(shown)
    shown.page.locator(f"{HERE} h3").click()
    shown.page.keyboard.press("/")
    shown.page.keyboard.type("flash")
    shown.page.keyboard.press("Enter")
    shown.wait_text(f"{HERE} .sfv-where", "Step 3 of 4")
    shown.wait_text(f"{HERE} .sfv-hits", r"1 of 2 steps")
    assert cells(shown) == before


def test_the_kernel_can_move_it_and_hears_of_moves(shown: JupyterPage) -> None:
    shown.evaluate("setattr(viewer, 'step', 2)")
    shown.wait_text(f"{HERE} .sfv-where", "Step 3 of 4")
    shown.click("Last step")
    shown.page.wait_for_function(
        "async () => (await course.evaluate(['viewer.step', 5000])).data['text/plain'] === '3'"
    )


def test_a_new_trace_follows_on_from_the_last_step_and_else_keeps_the_place(shown: JupyterPage) -> None:
    shown.click("Forward one step")
    shown.wait_text(f"{HERE} .sfv-where", "Step 2 of 4")
    shown.evaluate("setattr(viewer, 'trace', replayed(*STEPS, *STEPS))")
    shown.wait_text(f"{HERE} .sfv-where", "Step 2 of 8")
    shown.click("Last step")
    shown.wait_text(f"{HERE} .sfv-where", "Step 8 of 8")
    shown.evaluate("setattr(viewer, 'trace', replayed(*STEPS, *STEPS, *STEPS))")
    shown.wait_text(f"{HERE} .sfv-where", "Step 12 of 12")
    shown.evaluate("setattr(viewer, 'trace', recovered())")
    shown.wait_text(f"{HERE} .sfv-lanes", "A pid 11 ✕ crashed")
    assert shown.errors == []


def test_a_new_trace_without_a_new_step_leaves_a_reader_on_their_line(shown: JupyterPage) -> None:
    shown.click("Last step")
    shown.wait_text(f"{HERE} .sfv-where", "Step 4 of 4")
    shown.click("Back one line")
    shown.wait_text(f"{HERE} .sfv-where", "line 1 of 2")
    shown.evaluate("setattr(viewer, 'trace', replayed(notes=('Nothing new.',)))")
    shown.wait_text(f"{HERE} .sfv-notes", "Nothing new.")
    assert "line 1 of 2" in shown.text(f"{HERE} .sfv-where")
    assert shown.page.locator(f"{HERE} .sfv-here").get_attribute("data-line") == "17"
    shown.evaluate("setattr(viewer, 'trace', replayed(*STEPS, *STEPS))")
    shown.wait_text(f"{HERE} .sfv-where", "Step 8 of 8")


def test_a_new_trace_keeps_the_focus_in_the_viewer_and_takes_it_from_nowhere_else(shown: JupyterPage) -> None:
    assert not shown.page.evaluate("() => Boolean(document.activeElement.closest('.sfv'))")  # not at its start either
    link = shown.page.locator(f"{HERE} .sfv-step").get_by_role("button", name="event 5")
    link.focus()
    shown.evaluate("setattr(viewer, 'trace', replayed(*STEPS, *STEPS))")
    shown.wait_text(f"{HERE} .sfv-where", "Step 1 of 8")
    assert shown.page.evaluate("() => document.activeElement.textContent") == "event 5"
    shown.page.keyboard.press("ArrowRight")
    shown.wait_text(f"{HERE} .sfv-where", "Step 2 of 8")

    editor = shown.page.locator(".jp-Notebook .jp-Cell .cm-content").last
    editor.click()
    shown.evaluate("setattr(viewer, 'trace', replayed(*STEPS, *STEPS, *STEPS))")
    shown.wait_text(f"{HERE} .sfv-where", "Step 2 of 12")
    shown.page.keyboard.type("# still here ")
    assert any("# still here " in source for source in cells(shown))
    assert shown.errors == []


def test_it_follows_the_notebooks_theme(shown: JupyterPage, tmp_path: Path) -> None:
    def brightness(colour: str) -> int:
        style = f"element => getComputedStyle(element).{colour}"
        return sum(map(int, re.findall(r"\d+", shown.page.locator(HERE).evaluate(style))[:3]))

    assert brightness("color") < 200 < 600 < brightness("backgroundColor")
    shown.theme("JupyterLab Dark")
    assert brightness("backgroundColor") < 200 < 600 < brightness("color")
    shown.screenshot(tmp_path / "dark.png", shown.page.locator(HERE))
    assert shown.errors == []


def test_a_comparison_is_a_viewer_of_both(jupyter: JupyterPage, course: Path) -> None:
    jupyter.open(notebook(course, [nbformat.v4.new_code_cell(COMPARE)]))
    jupyter.evaluate(f"__import__('sys').path.insert(0, {ROOT!r})")
    jupyter.run_cells(0)
    jupyter.wait_text(f"{HERE} .sfv-top", "Pair 3 of 4[^]*differs: lines, commands, waiting, failure")
    jupyter.click("First step")
    jupyter.wait_text(f"{HERE} .sfv-top", "Pair 1 of 4[^]*the same")
    assert jupyter.errors == []


def test_a_saved_notebook_that_nobody_trusts_shows_the_table(jupyter: JupyterPage, course: Path) -> None:
    data, _ = ReplayViewer(recovered())._repr_mimebundle_()
    data.pop("application/vnd.jupyter.widget-view+json")  # as in a saved lesson
    cell = nbformat.v4.new_code_cell("viewer", outputs=[nbformat.v4.new_output("execute_result", data)])
    jupyter.open(notebook(course, [cell]))
    jupyter.wait_text(".jp-OutputArea p", "Rollout: 7 steps")
    table = jupyter.page.locator(".jp-OutputArea table")
    assert table.locator("tbody tr").count() == 7
    assert table.locator("tbody tr").last.locator("td").all_inner_texts() == [
        "7", "● executed now, worker B", "activity flash completed", "17–18",
        "complete the workflow (event 21)", "–", "–",
    ]  # fmt: skip
