"""The harness itself: it sees what is in the page and the kernel, and leaves no process behind."""

import os
import urllib.request
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.browser.jupyter import CellError, JupyterPage
from tests.browser.server import serve

SETUP = """
import asyncio, ipywidgets
loop, clicks, clicked = asyncio.get_running_loop(), [], asyncio.Event()
shown = ipywidgets.HTML("<b class='shown'>waiting</b>")
button = ipywidgets.Button(description="Approve")

@button.on_click
def approve(_):
    clicks.append("click")
    shown.value = f"<b class='shown'>clicks: {len(clicks)}</b>"
    loop.call_soon_threadsafe(clicked.set)

ipywidgets.VBox([button, shown])
"""
AWAIT = "await asyncio.wait_for(clicked.wait(), 20)"
FAR = """
from IPython.display import HTML, Javascript, display
display(HTML("<img alt='far away' src='http://course.invalid/picture.png'>"))
display(Javascript("new WebSocket('ws://course.invalid/socket')"))
"""


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only one process runs tests")
def test_one_browser_at_a_time(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@browser"), "pytest-xdist did not read the groups of tests/conftest.py"


@pytest.fixture
def demo(course: Path) -> str:
    """A notebook with a cell for each thing that the harness must do or notice."""
    cell, prose = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    setup, far_below = cell(SETUP, metadata={"tags": ["setup"]}), prose("so\n\n" * 60)
    cells = [setup, far_below, cell(AWAIT), cell(FAR), cell("1 / 0")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, course / "demo.ipynb")
    return "demo.ipynb"


def test_a_button_works_while_a_cell_awaits(jupyter: JupyterPage, demo: str) -> None:
    jupyter.open(demo)
    jupyter.run_cells("setup")
    assert jupyter.text(".shown") == "waiting"

    jupyter.start_cell(2)  # takes the button out of view
    jupyter.click("Approve")
    assert jupyter.wait_text(".shown", r"clicks: \d") == "clicks: 1"
    jupyter.wait_idle()  # the click has let the waiting cell end
    assert jupyter.evaluate("clicks") == "['click']"
    assert jupyter.requested_elsewhere == []
    assert jupyter.errors == []


def test_what_goes_wrong_in_the_page_is_seen(jupyter: JupyterPage, demo: str) -> None:
    jupyter.open(demo)
    page = jupyter.page
    with page.expect_event("requestfailed"), page.expect_event("websocket"):
        jupyter.run_cells(lambda cell: "course.invalid" in cell["source"])
    # A page may ask more than once.
    assert set(jupyter.requested_elsewhere) == {"http://course.invalid/picture.png", "ws://course.invalid/socket"}
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        jupyter.run_cells(4)
    assert jupyter.cell_errors() == [CellError(4, "ZeroDivisionError", "division by zero")]
    with pytest.raises(AssertionError, match="no 'never'"):
        jupyter.wait_text(".jp-Notebook", "never", deadline=0.2)


def test_the_server_leaves_no_process_behind(course: Path, tmp_path: Path) -> None:
    with serve(course, tmp_path / "jupyter") as server:
        ask = urllib.request.Request(server.url("api/kernels"), data=b"{}", method="POST")
        urllib.request.urlopen(ask, timeout=30).close()
        lab = psutil.Process(server.pid)
        processes = [lab, *lab.children(recursive=True)]
    assert len(processes) > 1  # the kernel is among them
    assert [process for process in processes if process.is_running()] == []
