"""Where the course's exercises lie: beside the notebook, or above it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from stagedflow.course.home import started_in
from stagedflow.errors import LabError

VARIABLE = "STAGEDFLOW_EXERCISES"
"""Environment variable that names the folder."""
_CHECKOUT = Path(__file__).parents[2] / "notebooks"


def exercises_folder() -> Path:
    """Find the folder `exercises`, and let its modules be imported as `exercises.NAME`.

    Raises:
        LabError: It was not found; the text says where it was looked for.
    """
    looked: list[Path] = []
    for folder in _candidates():
        if any(folder.glob("*/exercise.toml")):
            if str(folder.parent) not in sys.path:
                # First, as a kernel's own folder is: a library of this name must not be taken for the course's.
                sys.path.insert(0, str(folder.parent))
            return folder
        looked.append(folder)
    shown = ", ".join(dict.fromkeys(map(str, looked)))
    raise LabError(
        f"The course's exercises were not found. Looked for: {shown}. Open the notebook from the course's folder, or "
        f"set the variable {VARIABLE} to the folder that holds the exercises before the kernel starts."
    )


def _candidates() -> Iterator[Path]:
    if named := os.environ.get(VARIABLE):
        yield Path(named).absolute()
        return  # what is named and wrong is not replaced by something else
    starts = [started_in(), *((started_in() / notebook).parent for notebook in _notebook())]
    for start in starts:
        for folder in (start, *start.parents):
            yield folder / "exercises"
    yield started_in() / "notebooks" / "exercises"
    yield _CHECKOUT / "exercises"


def _notebook() -> Iterator[str]:
    """The notebook that this kernel runs: Jupyter says it by a variable of the process, VS Code by one of the cells."""
    if told := os.environ.get("JPY_SESSION_NAME"):
        yield told
    ipython = sys.modules.get("IPython")  # a notebook has it; nothing else needs to load it
    shell = ipython.get_ipython() if ipython else None
    if shell and isinstance(told := shell.user_ns.get("__vsc_ipynb_file__"), str):
        yield told
