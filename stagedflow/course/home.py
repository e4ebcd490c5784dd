"""Where the learner's own things are kept: progress, and every cell that was tried."""

import contextlib
import os
from pathlib import Path

VARIABLE = "STAGEDFLOW_HOME"
"""Environment variable that names another folder."""

_started_in = Path.cwd()


def started_in() -> Path:
    """The working folder of the kernel when it started, which is its notebook's folder."""
    return _started_in


def home() -> Path:
    """The learner's folder: `.stagedflow` beside the notebooks, which is where their kernel was started."""
    return _started_in / (os.environ.get(VARIABLE) or ".stagedflow")


def make_home() -> None:
    """Make the folder if it is missing, for its owner alone.

    Raises:
        OSError: It cannot be made there.
    """
    home().mkdir(mode=0o700, parents=True, exist_ok=True)
    if home().stat().st_mode & 0o077:  # made by an earlier version
        with contextlib.suppress(OSError):
            home().chmod(0o700)


def cells_folder() -> Path:
    """The modules made of cells; made if it is missing.

    Raises:
        OSError: It cannot be made there.
    """
    make_home()
    folder = home() / "cells"
    folder.mkdir(exist_ok=True)
    return folder
