"""What every folder of tests shares: the order of the tests, recorded histories, and the server's binary."""

import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from stagedflow.errors import LabError
from stagedflow.history.runs import Run, read_event
from stagedflow.lab.server import find_server

FIXTURES = Path(__file__).parent / "fixtures"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores SIGINT for what it runs in the background, and what the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONGEST_FIRST = ("browser", "notebooks", "integration", "fuzz", "replay", "unit")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist, which reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that none is left at the end, and tell pytest-xdist what belongs together."""
    items.sort(key=lambda item: LONGEST_FIRST.index(_folder(item)))
    for item in items:
        if _folder(item) == "browser":  # one browser at a time: two of them hold each other up
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif item.path.name == "test_live_lines.py":  # one server for all of them
            item.add_marker(pytest.mark.xdist_group("live lines"))
        elif _folder(item) == "replay" and isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            item.add_marker(pytest.mark.xdist_group(f"replays of {item.callspec.id}"))  # they share what was replayed


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules are there to stay: no garbage collection needs to go through them again."""
    gc.collect()
    gc.freeze()


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(FIXTURES.parent).parts[0]


@pytest.fixture(scope="session")
def server_binary() -> Path:
    """The Temporal server. In CI it must be there."""
    try:
        return find_server()
    except LabError as missing:
        if os.environ.get("CI", "").lower() == "true":
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], WorkflowHistory]:
    """A history of `fixtures/`, by name."""
    return lambda name: WorkflowHistory.from_json(name, (FIXTURES / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def recorded_run(recorded: Callable[[str], WorkflowHistory]) -> Callable[[str], Run]:
    """The same as a `Run`, without the retry that a server may show ahead."""
    return lambda name: Run(tuple(read_event(e) for e in recorded(name).events if e.task_id))
