"""What every folder of tests shares: recorded histories, and the server's binary."""

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
