"""JupyterLab in a real browser, driven through its own commands and by clicks.

Every wait has a deadline in seconds; when it passes, the error says what the page showed instead.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, Locator, Page, WebSocket

from tests.browser.server import JupyterServer

ELSEWHERE = re.compile(r"^(?!(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:)")

POLL = 100
"""Milliseconds between two looks at a page; to look at each of its frames takes a processor for itself."""

# The page's side. Cells are read from the document model: the DOM may hold only those in view.
HELPERS = """
window.course = {
  panel: () => window.jupyterapp?.shell.currentWidget,
  cells: () => course.panel()?.content?.widgets?.map(widget => widget.model) ?? [],
  kernel: () => course.panel()?.sessionContext?.session?.kernel,
  // What is open goes without a question, saved or not. Meanwhile there is a launcher: JupyterLab is never empty.
  open: async path => {
    await jupyterapp.commands.execute('launcher:create');
    for (const open of [...jupyterapp.shell.widgets('main')])
      if (open !== jupyterapp.shell.currentWidget) open.dispose();
    if (path) {
      const launcher = jupyterapp.shell.currentWidget;
      await jupyterapp.commands.execute('docmanager:open', {path});
      launcher.dispose();
    }
  },
  opened: path => course.panel()?.context?.path === path && course.kernel()?.status === 'idle',
  running: () => course.cells().flatMap((cell, index) =>
    cell.type === 'code' && cell.executionState === 'running' ? [index] : []),
  idle: () => course.kernel()?.status === 'idle' && course.running().length === 0,
  select: index => { course.panel().content.activeCellIndex = index; },
  // Not awaited by its caller: a cell that never ends must not keep the page from answering.
  start: command => {
    course.done = false;
    jupyterapp.commands.execute(command).finally(() => { course.done = true; });
  },
  evaluate: async ([expression, milliseconds]) => {
    const future = course.kernel().requestExecute(
      {code: '', silent: true, store_history: false, user_expressions: {value: expression}});
    const late = new Promise(resolve => setTimeout(() => resolve(null), milliseconds));
    const reply = await Promise.race([future.done, late]);
    return reply && reply.content.user_expressions.value;
  },
  matching: ([css, regex]) => {
    const texts = [...document.querySelectorAll(css)].map(element => element.innerText);
    const text = texts.find(text => new RegExp(regex).test(text));
    return text !== undefined && {text};
  },
  state: () => ({
    title: document.title, kernel: course.kernel()?.status, connection: course.kernel()?.connectionStatus,
    running_cells: course.running()}),
};
"""

# JupyterLab leaves cells out of view without a layout, and what has no layout has no visible text.
LAY_OUT_ALL = ".jp-Cell { content-visibility: visible !important; }"

Choice = int | str | Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class CellError:
    """An error output of a cell; ``index`` counts all cells of the notebook."""

    index: int
    ename: str
    evalue: str


class JupyterPage:
    """One browser page of JupyterLab, and the notebook that is open in it.

    Attributes:
        page: playwright's own page, for what is not wrapped here.
        requested_elsewhere: what the page asked for outside this machine, and did not get.
        errors: exceptions that no script of the page caught.
    """

    def __init__(self, context: BrowserContext, server: JupyterServer) -> None:
        self.server = server
        self.requested_elsewhere: list[str] = []
        self.errors: list[str] = []
        context.add_init_script(HELPERS)
        context.route(ELSEWHERE, lambda route: (self._note(route.request.url), route.abort()))
        self.page: Page = context.new_page()
        self.page.on("websocket", self._note_socket)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, url: str) -> None:
        self.requested_elsewhere.append(url)

    def _note_socket(self, socket: WebSocket) -> None:
        if ELSEWHERE.match(socket.url):  # no route sees a web socket; the browser's flags stop it
            self._note(socket.url)

    def open(self, notebook: str, *, deadline: float = 300) -> None:
        """Open a notebook of the server's root, with nothing else open, and wait for its kernel.

        It is not known why, on a busy machine, a kernel's state once stayed "unknown" for five minutes.
        """
        if self.page.evaluate("() => Boolean(window.jupyterapp)"):
            self.page.evaluate("path => course.open(path)", notebook)
        else:
            self.page.goto(self.server.url(f"lab/tree/{notebook}") + "&reset")
            self.page.add_style_tag(content=LAY_OUT_ALL)
        try:
            self._wait("path => course.opened(path)", notebook, deadline=deadline / 2)
        except AssertionError:  # a kernel that JupyterLab never hears of is started anew, as a person would do
            self.page.evaluate("() => { course.panel()?.sessionContext.restartKernel(); }")
            self._wait("path => course.opened(path)", notebook, deadline=deadline / 2)
        self.page.evaluate("() => jupyterapp.restored.then(() => course.panel().context.ready)")

    def run_cells(self, *which: Choice, deadline: float = 300) -> None:
        """Run some cells one by one, each to its end.

        Args:
            which: an index among all cells; a tag; or a predicate on the cell as nbformat has it.
            deadline: seconds for each cell.

        Raises:
            AssertionError: no cell is meant, a cell raised, or was not done in time.
        """
        cells = self.page.evaluate("() => course.cells().map(cell => cell.toJSON())")

        def is_meant(index: int, cell: dict[str, Any]) -> bool:
            names = (index, *cell["metadata"].get("tags", []))
            return any(each(cell) if callable(each) else each in names for each in which)

        chosen = [index for index, cell in enumerate(cells) if is_meant(index, cell)]
        assert chosen, f"no cell is {which}"
        for index in chosen:
            self.page.evaluate("index => course.select(index)", index)
            self._run("notebook:run-cell", deadline)

    def run_all(self, *, deadline: float = 300) -> None:
        """Run > Run All Cells, and wait for the last to end.

        Raises:
            AssertionError: a cell raised, or they were not done in time.
        """
        self._run("notebook:run-all-cells", deadline)

    def start_cell(self, index: int) -> None:
        """Start one cell, and do not wait for its end."""
        self.page.evaluate("index => course.select(index)", index)
        self.page.evaluate("() => course.start('notebook:run-cell')")
        self._wait("index => course.running().includes(index)", index, deadline=300)

    def _run(self, command: str, deadline: float) -> None:
        self.page.evaluate("command => course.start(command)", command)
        self._wait("() => course.done", deadline=deadline)
        self.wait_idle(deadline=deadline)
        errors = self.cell_errors()
        assert not errors, f"cells raised: {errors}"

    def wait_idle(self, *, deadline: float = 300) -> None:
        """Wait until no cell runs or is queued, and the kernel is idle."""
        self._wait("() => course.idle()", deadline=deadline)

    def running_cells(self) -> list[int]:
        """The indices of the cells that run or are queued now."""
        return self.page.evaluate("() => course.running()")

    def cell_errors(self) -> list[CellError]:
        """The error outputs of all cells, in view or not."""
        cells = self.page.evaluate("() => course.cells().map(cell => cell.toJSON().outputs ?? [])")
        return [
            CellError(index, output["ename"], output["evalue"])
            for index, outputs in enumerate(cells)
            for output in outputs
            if output["output_type"] == "error"
        ]

    def evaluate(self, expression: str, *, deadline: float = 60) -> str:
        """The ``str()`` of a Python expression in the notebook's kernel, once no cell runs in it.

        Raises:
            AssertionError: the expression raised, or a cell kept the kernel busy.
        """
        question = [f"str({expression})", deadline * 1000]
        reply = self.page.evaluate("question => course.evaluate(question)", question)
        assert reply, f"no answer in {deadline} s, cells {self.running_cells()} are running"
        assert reply["status"] == "ok", f"{expression}: {reply['ename']}: {reply['evalue']}"
        return ast.literal_eval(reply["data"]["text/plain"])

    def button(self, label: str | re.Pattern[str]) -> Locator:
        """The button with this accessible name in the notebook's outputs."""
        outputs = self.page.locator(".jp-OutputArea")
        return outputs.get_by_role("button", name=label, exact=True)

    def click(self, label: str | re.Pattern[str], *, deadline: float = 60) -> None:
        """Click a button once it is there and enabled."""
        self.button(label).click(timeout=deadline * 1000)

    def text(self, css: str) -> str:
        """The text of all elements that match, as a reader sees it; empty if none does."""
        return "\n".join(self.page.locator(css).all_inner_texts())

    def wait_text(self, css: str, regex: str, *, deadline: float = 60) -> str:
        """Wait until an element's text matches (as JavaScript reads the regex). Returns that text.

        Raises:
            AssertionError: none did in time; says what they showed.
        """
        arg, timeout = [css, regex], deadline * 1000
        try:
            found = self.page.wait_for_function("arg => course.matching(arg)", arg=arg, timeout=timeout, polling=POLL)
        except Error as error:
            shown = self.text(css)
            raise AssertionError(f"no {regex!r} in {css} after {deadline} s:\n{shown}") from error
        return found.json_value()["text"]

    def theme(self, name: str) -> None:
        """Change to a theme by its name, as "JupyterLab Dark"."""
        change = "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
        self.page.evaluate(change, name)
        self._wait("name => document.body.dataset.jpThemeName === name", name, deadline=300)

    def screenshot(self, path: Path, locator: Locator | None = None) -> Path:
        """Save a picture of the page, or of one element of it."""
        (locator or self.page).screenshot(path=path)
        return path

    def close(self) -> None:
        """Shut the notebook's kernel down, and so all that it started, and leave the page as it was."""
        if self.page.evaluate("() => Boolean(window.course?.kernel())"):
            self.page.evaluate("() => course.panel().sessionContext.shutdown()")
        if self.page.evaluate("() => Boolean(window.jupyterapp)"):
            self.theme("JupyterLab Light")
            self.page.evaluate("() => course.open()")
        self.requested_elsewhere.clear()
        self.errors.clear()

    def _wait(self, condition: str, arg: Any = None, *, deadline: float) -> None:
        try:
            self.page.wait_for_function(condition, arg=arg, timeout=deadline * 1000, polling=POLL)
        except Error as error:
            state = self.page.evaluate("() => course.state()")
            raise AssertionError(f"not in {deadline} s: {condition}; the page: {state}") from error
