"""The course as a learner walks it: from the index into a lesson, an exercise from wrong to right, and back."""

import re
from pathlib import Path

from playwright.sync_api import Locator

from stagedflow.course.exercise import exercise
from tests.browser.jupyter import POLL, JupyterPage

LESSON = "03_send_signals_that_misbehave.ipynb"
NAME = "never_go_back"
OUTPUT = ".jp-OutputArea-output"


def sources(jupyter: JupyterPage) -> list[str]:
    return jupyter.page.evaluate("() => course.cells().map(cell => cell.sharedModel.source)")


def index_of(jupyter: JupyterPage, beginning: str) -> int:
    """The index of the cell whose source begins so."""
    [found] = [index for index, source in enumerate(sources(jupyter)) if source.startswith(beginning)]
    return found


def cell(jupyter: JupyterPage, index: int) -> Locator:
    return jupyter.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index)


def follow(jupyter: JupyterPage, link: str, notebook: str) -> None:
    """Click a link of the page, and wait for the notebook behind it."""
    jupyter.page.get_by_role("link", name=link).first.click()
    jupyter.page.wait_for_function("path => course.opened(path)", arg=notebook, timeout=60_000, polling=POLL)


def type_answer(jupyter: JupyterPage, index: int, source: str) -> None:
    """Put another text into a cell, by keyboard, and run it with Shift+Enter."""
    cell(jupyter, index).locator(".cm-content").click()
    jupyter.page.keyboard.press("Control+a")
    jupyter.page.keyboard.insert_text(source)
    jupyter.page.keyboard.press("Shift+Enter")
    jupyter.wait_idle()


def check(jupyter: JupyterPage, index: int, regex: str) -> str:
    """Run the cell with the check, and wait for what it says."""
    cell(jupyter, index).locator(".cm-content").click()
    jupyter.page.keyboard.press("Control+Enter")
    jupyter.wait_idle()
    said = cell(jupyter, index).locator(OUTPUT)
    said.get_by_text(re.compile(regex)).first.wait_for(timeout=60_000)
    return said.inner_text()


def test_from_the_index_to_a_right_answer_and_back(jupyter: JupyterPage, course: Path, tmp_path: Path) -> None:
    jupyter.open("index.ipynb")
    jupyter.run_cells(index_of(jupyter, "from stagedflow.course import progress"))
    jupyter.wait_text(OUTPUT, r"03\s+0 of \d")
    jupyter.screenshot(tmp_path / "index.png")

    follow(jupyter, "03 Send signals that misbehave", LESSON)
    jupyter.run_cells(index_of(jupyter, "import"))
    answer, checks = index_of(jupyter, f"%%exercise {NAME}"), index_of(jupyter, '# Stuck? hint("never_go_back"')
    jupyter.run_cells(answer)
    assert "○ not attempted" in check(jupyter, checks, "not attempted")

    wrong = exercise(NAME).wrong
    source, message = wrong[next(iter(wrong))]
    type_answer(jupyter, answer, f"%%exercise {NAME}\n{source}")
    said = check(jupyter, checks, "incorrect")
    assert "✗ incorrect" in said and message in said

    type_answer(jupyter, answer, f"%%exercise {NAME}\nfoo(")
    jupyter.wait_text(OUTPUT, r"✗ This cell cannot be imported\. Line 2: SyntaxError")
    assert "line 2: SyntaxError" in check(jupyter, checks, "incorrect")

    type_answer(jupyter, answer, f"%%exercise {NAME}\n{exercise(NAME).solution}")
    assert "✓ correct" in check(jupyter, checks, "correct: ")
    jupyter.screenshot(tmp_path / "exercise.png")
    assert jupyter.cell_errors() == []

    jupyter.open("index.ipynb")
    jupyter.run_cells(index_of(jupyter, "from stagedflow.course import progress"))
    jupyter.wait_text(OUTPUT, r"03\s+1 of \d")
    assert (course / ".stagedflow" / "progress.json").exists()
    assert jupyter.requested_elsewhere == []
    assert jupyter.errors == []


def test_a_prediction_is_chosen_by_click_and_by_key_and_revealed(jupyter: JupyterPage) -> None:
    jupyter.open(LESSON)
    assert "measured:" not in jupyter.text(OUTPUT)  # saved, and not shown before the prediction
    jupyter.run_all()
    assert "measured:" in jupyter.text(OUTPUT)
    panel = jupyter.page.locator(".sf-panel").last  # "your turn"
    panel.get_by_role("listitem").filter(has_text="gate 1").get_by_text("parked here").wait_for(timeout=60_000)
    assert jupyter.requested_elsewhere == []
    widget = jupyter.page.locator(".widget-radio-box").first
    first, second, *_ = widget.locator("label").all_inner_texts()
    widget.get_by_role("radio").first.check()
    jupyter.wait_text(OUTPUT, f"You predict: {re.escape(first)}")
    widget.get_by_role("radio").first.press("Tab")
    jupyter.page.keyboard.press("Space")
    jupyter.wait_text(OUTPUT, f"You predict: {re.escape(second)}")
    reveal = next(i for i, text in enumerate(sources(jupyter)) if "p1.reveal(" in text)
    jupyter.run_cells(reveal - 1, reveal)  # the question again: what was chosen is still there
    jupyter.wait_text(OUTPUT, f"you predicted: {re.escape(second)} (✓ right|✗ not so)")
    assert jupyter.errors == []
