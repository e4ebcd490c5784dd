"""The public face, and which module may know of which."""

import json
import subprocess
import sys

import pytest

import stagedflow

JUPYTER = {"IPython", "anywidget", "ipykernel", "ipywidgets", "jupyter_client", "jupyterlab", "nest_asyncio2"}


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after this code."""
    out = subprocess.run(
        [sys.executable, "-c", f"import sys, json\n{code}\nprint(json.dumps(list(sys.modules)))"],
        capture_output=True, text=True, timeout=300, check=True,
    ).stdout  # fmt: skip
    return set(json.loads(out.splitlines()[-1]))


@pytest.mark.parametrize("name", stagedflow.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(stagedflow, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        stagedflow.no_such_name  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_by("import stagedflow")
    assert not loaded & (JUPYTER | {"temporalio", "sqlite3"})


@pytest.mark.parametrize(
    "module",
    [
        "stagedflow.lab.guard",
        "stagedflow.lab.worker_main",
        "stagedflow.commands.main",
        "stagedflow.history.runs",
        "stagedflow.lab.lab",
        "stagedflow.replay.compare",
        "stagedflow.replay.recording.recorder",
        "stagedflow.replay.saved.replayer",
        "stagedflow.replay.trace",
        "stagedflow.commands.replay",
        "stagedflow.staged",
        "stagedflow.history.waiting",
        "stagedflow.widgets.timeline.timeline",
    ],
)
def test_it_knows_nothing_of_jupyter(module: str) -> None:
    assert not loaded_by(f"import {module}") & JUPYTER


def test_replaying_a_history_needs_no_server_and_no_lab() -> None:
    loaded = loaded_by("import stagedflow.replay.saved.replayer")
    assert not loaded & {"stagedflow.lab", "stagedflow.ledger"}


@pytest.mark.parametrize("module", ["history.runs", "history.waiting", "replay.compare", "replay.trace", "staged"])
def test_what_is_pure_knows_neither_lab_nor_server(module: str) -> None:
    loaded = loaded_by(f"import stagedflow.{module}")
    assert not loaded & {"stagedflow.lab", "stagedflow.ledger.writer"}
