"""Where the learner's own things are kept: progress, and every cell that was tried."""

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


def cells_folder() -> Path:
    """The modules made of cells; made if it is missing.

    Raises:
        OSError: It cannot be made there.
    """
    folder = home() / "cells"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
