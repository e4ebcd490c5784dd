"""`stagedflow open`: JupyterLab on the course, on this machine only, nothing fetched, nothing asked."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from stagedflow.errors import LabError

FIRST_NOTEBOOK = "index.ipynb"
_FIRST_PORT = 8888
_TRIES = 50


def run(args: argparse.Namespace) -> int:
    """Become JupyterLab: this process is replaced, so that Ctrl-C and signals reach it alone."""
    folder = notebooks_folder()
    notebook = notebook_path(folder, args.notebook)
    port = free_port() if args.port is None else checked_port(args.port)
    show = not args.no_browser and has_display(os.environ, platform=sys.platform)
    # By environment, never on a command line, which everybody on the machine can read.
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    os.environ["JUPYTER_TOKEN"] = token
    os.environ["JUPYTER_CONFIG_PATH"] = config_path(os.environ)

    print(announcement(address(port, notebook, token=token), browser=show), flush=True)
    arguments = jupyter_arguments(folder, notebook, port=port, browser=show, root=_is_root())
    os.execv(sys.executable, [sys.executable, *arguments])


def notebooks_folder(package: Path | None = None) -> Path:
    """Find the course's notebooks, which lie beside the package in its checkout.

    Args:
        package: The package's folder; by default this one.

    Raises:
        LabError: The package was installed without its checkout.
    """
    package = package or Path(__file__).resolve().parents[1]
    folder = package.parent / "notebooks"
    if not (folder / FIRST_NOTEBOOK).is_file():
        raise LabError(
            f"The course's notebooks are not in {folder}. They come with the repository, not with "
            "the package: clone it and run `make lab` there."
        )
    return folder


def notebook_path(folder: Path, name: str | None) -> str:
    """Say which notebook to open, as a path inside the course's folder.

    Args:
        folder: The course's folder.
        name: A notebook's name or path, or the beginning of its name; None for the index.

    Raises:
        LabError: There is no such notebook, or more than one.
    """
    if name is None:
        return FIRST_NOTEBOOK
    for candidate in (folder / name, Path.cwd() / name):
        inside = candidate.resolve()
        if inside.is_file() and inside.is_relative_to(folder):
            return inside.relative_to(folder).as_posix()
    found = sorted(path.name for path in folder.glob("*.ipynb"))
    matching = [notebook for notebook in found if notebook.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    raise LabError(f"There is no one notebook {name!r} in the course. It has: {', '.join(found)}.")


def checked_port(port: int) -> int:
    """Give the port back if it is free.

    Raises:
        LabError: Something else listens there.
    """
    if not _is_free(port):
        raise LabError(f"Port {port} of 127.0.0.1 is taken: name another with --port, or leave it out.")
    return port


def free_port() -> int:
    """Find the first free port from 8888 on.

    Raises:
        LabError: Not one of them is free.
    """
    for port in range(_FIRST_PORT, _FIRST_PORT + _TRIES):
        if _is_free(port):
            return port
    raise LabError(
        f"No port from {_FIRST_PORT} to {_FIRST_PORT + _TRIES - 1} of 127.0.0.1 is free: name one with --port."
    )


def has_display(environment: Mapping[str, str], *, platform: str) -> bool:
    """Tell whether a browser can show itself here (`platform` as in `sys.platform`)."""
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def address(port: int, notebook: str, *, token: str) -> str:
    """Build the address that opens the notebook and signs in."""
    return f"http://127.0.0.1:{port}/lab/tree/{quote(notebook)}?token={quote(token, safe='')}"


def announcement(url: str, *, browser: bool) -> str:
    """Say in words where the course is."""
    lead = (
        "The course opens in your browser. Should it not, open this address yourself:"
        if browser
        else "Open this address in a browser on this machine:"
    )
    return f"\n{lead}\n\n    {url}\n\nCtrl-C here ends it.\n"


def config_path(environment: Mapping[str, str]) -> str:
    """Put our defaults for JupyterLab's settings (no news asked for) before the user's own folders.

    They are defaults only: what a user has chosen in the settings editor still holds.
    """
    ours = str(Path(__file__).resolve().parent / "jupyter_config")
    return os.pathsep.join(filter(None, [ours, environment.get("JUPYTER_CONFIG_PATH")]))


def jupyter_arguments(folder: Path, notebook: str, *, port: int, browser: bool, root: bool) -> list[str]:
    """Build what follows `python` on JupyterLab's command line.

    Args:
        folder: The folder that JupyterLab shows.
        notebook: The notebook to open, inside `folder`.
        port: A free port of 127.0.0.1.
        browser: Whether JupyterLab opens a browser.
        root: Whether the user is root.
    """
    arguments = [
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        # The address has been announced: another port would be a silent lie.
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook)}",
        # One Ctrl-C is meant.
        "--ServerApp.answer_yes=True",
        # The announcement stays in sight.
        "--Application.log_level=WARN",
        # Nothing is fetched, so nothing is asked: no news, no update check, no extension catalogue.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    if not browser:
        arguments.append("--no-browser")
    if root:
        # In a container one is often root, and JupyterLab refuses root without being told. It stays
        # on the loopback address, behind its token.
        arguments.append("--allow-root")
    return arguments


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As JupyterLab will: a port in TIME_WAIT is free. On Windows the option means the opposite.
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
