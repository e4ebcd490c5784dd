"""Fixtures: the course in a real JupyterLab, in a real browser.

The browser, JupyterLab and its page last for this folder's tests: the browser's event loop must have ended when another
folder's async tests come. Notebooks, kernels and progress are new for each test, and all of it after one that failed.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.browser.jupyter import JupyterPage
from tests.browser.server import JupyterServer, serve

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
# The address bar's two lists are pages that each window loads. Only the last such flag counts: it repeats playwright's.
OFF = [
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
]
FLAGS = [
    f"--disable-features={','.join(OFF)}",
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    # A proxy that is not there: what is not loopback ends in it, also what no route sees.
    *("--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=127.0.0.1"),
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser: ``CHROMIUM``, or one on the path. In CI it must be there."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    missing = "no browser: apt-get install chromium, or set CHROMIUM to one"
    if os.environ.get("CI", "").lower() == "true":
        raise RuntimeError(missing)
    pytest.skip(missing)


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks, so that no test changes the repository."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    if NOTEBOOKS.is_dir():
        shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", ".stagedflow"))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def server(course: Path) -> Iterator[JupyterServer]:
    with serve(course, course.with_name("jupyter")) as server:
        yield server


@pytest.fixture(scope="package")
def loaded(browser: Browser) -> Iterator[list[JupyterPage]]:
    """The page of JupyterLab, once there is one: to load it takes longer than most tests."""
    loaded: list[JupyterPage] = []
    yield loaded
    for page in loaded:
        page.page.context.close()


@pytest.fixture
def jupyter(
    request: pytest.FixtureRequest,
    browser: Browser,
    server: JupyterServer,
    loaded: list[JupyterPage],
    course: Path,
    tmp_path: Path,
) -> Iterator[JupyterPage]:
    """JupyterLab in the browser. A test that fails leaves a picture of it in its ``tmp_path``."""
    if not loaded:
        # No service workers: their requests would pass the page's routes by.
        context = browser.new_context(viewport=VIEWPORT, service_workers="block")
        loaded.append(JupyterPage(context, server))
    page = loaded[0]
    failed_before = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed_before:
        print("what the page looked like:", page.screenshot(tmp_path / "failed.png"))
        loaded.clear()
        page.page.context.close()
    else:
        page.page.set_viewport_size(VIEWPORT)
        page.close()
    server.end_kernels()
    shutil.rmtree(course / ".stagedflow", ignore_errors=True)
