"""Lesson 02 told by clicks alone: its cells only set the stage. What the page says is held against the ledger."""

import ast
import os
import re
from pathlib import Path

from tests.browser.jupyter import JupyterPage

LESSON = "02_crash_a_worker_and_watch_it_replay.ipynb"
PICTURE = Path(__file__).parents[2] / "notebooks/images/panel_after_a_crash.png"


def cell_with(text: str):
    return lambda cell: cell["cell_type"] == "code" and text in cell["source"]


def ledger_lines(jupyter: JupyterPage, handle: str, worker: str, *, replaying: bool) -> list[int]:
    """The lines that one worker executed of a run, from the ledger."""
    steps = f"lab.ledger.trace({handle}.result_run_id).by(lab.workers[{worker!r}].pid)"
    expression = f"sorted({{n for s in {steps} if s.is_replaying is {replaying} and not s.query for _, n in s.lines}})"
    return ast.literal_eval(jupyter.evaluate(expression))


def gutter_lines(jupyter: JupyterPage, worker: int, mark: str) -> list[int]:
    """The lines that carry a mark in one worker's gutter of the viewer, from the page."""
    return jupyter.page.eval_on_selector_all(
        ".sf-panel .sfv-code .sfv-row[data-line]",
        "(rows, [worker, mark]) => rows.filter(row => row.querySelectorAll('.sfv-gutter')[worker]"
        ".textContent.includes(mark)).map(row => Number(row.dataset.line))",
        [worker, mark],
    )


def walk_back(jupyter: JupyterPage) -> list[str]:
    """What the panel's viewer says of each step, from the last to the first: how, and which worker."""
    said = []
    where = jupyter.page.locator(".sf-panel .sfv-where").first
    while True:
        said.append(where.inner_text())
        if "Step 1 of" in said[-1]:
            return said
        number = int(re.search(r"Step (\d+) of", said[-1])[1])
        jupyter.click("Back one step")
        jupyter.wait_text(".sf-panel .sfv-where", f"Step {number - 1} of")


def counts(jupyter: JupyterPage) -> dict[str, tuple[int, int]]:
    """The ledger's table on the page."""
    rows = jupyter.page.locator("table:has(caption:text('Ledger')) tbody tr").all()
    table = [[*row.locator("th").all_inner_texts(), *row.locator("td").all_inner_texts()] for row in rows]
    return {name: (int(started), int(completed)) for name, started, completed, _ in table}


def test_the_whole_story_by_clicks(jupyter: JupyterPage, tmp_path: Path) -> None:
    jupyter.page.set_viewport_size({"width": 1280, "height": 2100})  # the whole panel, for its picture
    jupyter.open(LESSON)
    jupyter.run_cells(cell_with("lab = await Lab.start()"), cell_with("panel = StagePanel(lab, parked)"))
    jupyter.wait_text(".sf-track", r"gate 1\s+parked here")

    jupyter.click("Crash worker A (SIGKILL)")
    jupyter.wait_text(".sf-lives", r"worker A ✕ crashed")
    jupyter.click("Signal stage 1")
    silence = jupyter.wait_text("div.sf-now", r"sticky queue[^]*in \d+ s")
    assert 0 <= int(re.search(r"in (\d+) s", silence)[1]) <= 10
    jupyter.click("Start worker B")
    told = jupyter.wait_text(".sf-told", r"Worker B went live at line \d+")
    jupyter.wait_text(".sf-track", r"gate 2\s+parked here")

    pids = {name: int(jupyter.evaluate(f"lab.workers[{name!r}].pid")) for name in "AB"}
    assert re.search(rf"Worker B \(pid {pids['B']}\) ran lines .* again", told)
    assert re.search(rf"worker A \(pid {pids['A']}\) had run them before it crashed", told)
    assert gutter_lines(jupyter, 0, "●") == ledger_lines(jupyter, "parked", "A", replaying=False)
    assert gutter_lines(jupyter, 1, "↻") == ledger_lines(jupyter, "parked", "B", replaying=True)
    assert gutter_lines(jupyter, 1, "●") == ledger_lines(jupyter, "parked", "B", replaying=False)
    assert counts(jupyter) == {"reserve_devices": (1, 1), "stage_firmware": (1, 1)}
    picture = jupyter.screenshot(tmp_path / "panel.png", jupyter.page.locator(".sf-panel"))
    if os.environ.get("STAGEDFLOW_PICTURES"):
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(picture.read_bytes())

    steps = walk_back(jupyter)
    replayed = [said for said in steps if "from history" in said]
    assert len(replayed) == len(steps) - 4 >= 2  # A did two, B two after its replay
    assert all(f"pid {pids['B']}" in said for said in replayed)
    assert "its worker crashed" in next(said for said in steps if f"pid {pids['A']}" in said)

    jupyter.run_cells(cell_with("panel = StagePanel(lab, waited)"))
    panel = jupyter.page.locator(".sf-panel").last
    panel.get_by_text("parked here").wait_for(timeout=60_000)
    panel.get_by_role("button", name="Signal stage 1", exact=True).click()
    panel.locator(".sf-track").get_by_text("attempt 1").wait_for(timeout=60_000)
    panel.get_by_role("button", name=re.compile("^Crash worker")).click()
    panel.get_by_text("lost with its worker").wait_for(timeout=60_000)
    panel.get_by_role("button", name="Skip the sticky wait").click(timeout=60_000)
    panel.get_by_role("button", name=re.compile("^Start worker")).click()
    panel.get_by_role("button", name=re.compile("^Shorten start-to-close")).click(timeout=60_000)
    for gate in (2, 3):
        jupyter.wait_text(".sf-panel", rf"crash-in-activity-2[^]*gate {gate}\s+parked here")
        panel.get_by_role("button", name=f"Signal stage {gate}", exact=True).click()
    jupyter.wait_text(".sf-head", r"crash-in-activity-2[^]*completed")

    real = jupyter.evaluate("{n: (c.started, c.completed) for n, c in lab.ledger.activity_counts(waited.id).items()}")
    rows = panel.locator("table:has(caption:text('Ledger')) tbody tr").all()
    shown = {r.locator("th").inner_text(): tuple(map(int, r.locator("td").all_inner_texts()[:2])) for r in rows}
    assert shown == ast.literal_eval(real)
    assert shown["stage_firmware"] == (2, 1)
    assert all(c == (1, 1) for name, c in shown.items() if name != "stage_firmware")
    assert jupyter.requested_elsewhere == []
    assert jupyter.errors == []


def test_run_all_reaches_the_end_and_leaves_a_panel_that_works(jupyter: JupyterPage) -> None:
    jupyter.open("00_start_here.ipynb")
    jupyter.run_all()
    panel = jupyter.page.locator(".sf-panel").last  # "your turn"
    panel.get_by_role("listitem").filter(has_text="gate 1").get_by_text("parked here").wait_for(timeout=60_000)
    panel.get_by_role("button", name="Signal stage 1", exact=True).click()
    panel.get_by_role("listitem").filter(has_text="gate 2").get_by_text("parked here").wait_for(timeout=60_000)
    assert jupyter.requested_elsewhere == []
    assert jupyter.errors == []
