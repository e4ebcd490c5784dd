"""A saved viewer in a real browser: opened from disk, with the network off."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.viewer.viewer import ReplayViewer

LEGAL = ("file:", "data:", "blob:", "about:")

# How long from a key or a slider's input to the painted change: event.timeStamp is when the browser got it,
# a message posted in an animation frame comes after that frame was painted.
CLOCK = """
window.took = [];
const timed = (event) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => window.took.push(performance.now() - event.timeStamp);
  channel.port2.postMessage(0);
});
for (const kind of ["keydown", "input", "pointerdown"]) addEventListener(kind, timed, true);
"""

# Each text whose contrast to what is painted behind it is under 4.5; disabled controls need none.
ILLEGIBLE = """
() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const ink = canvas.getContext('2d', { willReadFrequently: true });
  const back = (element) => getComputedStyle(element).backgroundColor;
  const backs = (element) => element ? [...backs(element.parentElement), back(element)] : [];
  const paint = (colours) => {
    ink.fillStyle = '#fff';
    ink.fillRect(0, 0, 1, 1);
    for (const colour of colours) { ink.fillStyle = colour; ink.fillRect(0, 0, 1, 1); }
    return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of document.querySelectorAll('.sfv *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('svg, :disabled, [aria-disabled=true], .sfv-unseen') || !element.offsetParent) continue;
    const behind = backs(element);
    const [a, b] = [paint(behind), paint([...behind, getComputedStyle(element).color])].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const words = `${element.className}: ${element.textContent.slice(0, 40)}`;
    if (contrast < 4.5) found.push(`${words} ${contrast.toFixed(2)}`);
  }
  return found;
}
"""


class ViewerPage:
    """One viewer on a page of its own.

    Attributes:
        page: playwright's own page.
        trouble: Exceptions, errors on the console, dialogs, and requests for anything that is not on this disk.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("console", lambda line: line.type == "error" and self.trouble.append(f"console: {line.text}"))
        page.on("request", lambda r: r.url.startswith(LEGAL) or self.trouble.append(f"request: {r.url}"))
        page.on("dialog", lambda dialog: (self.trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    @property
    def root(self) -> Locator:
        """The viewer."""
        return self.page.locator(".sfv")

    def button(self, name: str) -> Locator:
        """A button by its accessible name."""
        return self.root.get_by_role("button", name=name, exact=True)

    def pane(self, name: str) -> Locator:
        """One of "Source", "This step" and "History"."""
        return self.root.locator(f"section.sfv-pane[aria-label='{name}']")

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def step(self) -> int:
        """The number of the step that is shown, from 1."""
        return int(self.root.locator(".sfv-where").first.inner_text().split()[1])

    @property
    def focused(self) -> str:
        """What has the keyboard's focus: its name, or its text."""
        return self.page.evaluate(
            "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
        )

    @property
    def line(self) -> int | None:
        """The number of the source line that is marked as the one reached."""
        here = self.root.locator(".sfv-here")
        return int(here.first.get_attribute("data-line") or 0) if here.count() else None

    def marked(self, css: str) -> list[int]:
        """The numbers of the source lines that match."""
        return self.page.eval_on_selector_all(f".sfv-row{css}", "rows => rows.map(row => Number(row.dataset.line))")

    def overflows(self) -> bool:
        """True if the page has to be scrolled sideways."""
        return self.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth")

    def illegible(self) -> list[str]:
        """The texts that are hard to read, each with its contrast."""
        return self.page.evaluate(ILLEGIBLE)

    def times(self) -> list[float]:
        """Milliseconds from each input so far to its painted change."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        return self.page.evaluate("() => window.took.splice(0)")


@contextmanager
def opened(
    browser: Browser,
    shown: ReplayTrace | Path,
    *,
    width: int = 1280,
    scheme: str = "light",
    scripts: bool = True,
    **options: Any,
) -> Iterator[ViewerPage]:
    """Open a saved page, or save a trace's and open that, with `file://`; nothing else can be reached.

    Whatever went wrong in the page fails the test.
    """
    with TemporaryDirectory() as folder:
        saved = shown if isinstance(shown, Path) else ReplayViewer(shown).save_html(Path(folder, "viewer.html"))
        with _opened(
            browser, saved, width=width, color_scheme=scheme, java_script_enabled=scripts, **options
        ) as viewer:
            yield viewer


@contextmanager
def _opened(browser: Browser, saved: Path, *, width: int, **options: Any) -> Iterator[ViewerPage]:
    context = browser.new_context(viewport={"width": width, "height": 1000}, offline=True, **options)
    context.route(lambda url: not url.startswith(LEGAL), lambda route: route.abort())
    context.add_init_script(CLOCK)
    viewer = ViewerPage(context.new_page())
    viewer.page.goto(saved.as_uri())
    try:
        yield viewer
        assert viewer.trouble == []
    finally:
        context.close()
