"""A cell's code as a module that other processes can import: what makes a workflow in a cell run in a real worker.

Temporal's sandbox imports a workflow's module anew, from its file, and so does a worker process; a class in
`__main__` has no file. So each cell is written to a module, named by a hash of its text: new text is a new module, and
no process sees the old one under the new name.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stagedflow.course.child import SECONDS, in_child
from stagedflow.course.home import cells_folder
from stagedflow.errors import LabError

MAX_SOURCE = 200_000


@dataclass(frozen=True)
class WorkflowFound:
    """A workflow class of a cell: its name, its workflow type, and its handlers' names."""

    name: str
    type: str | None
    signals: tuple[str, ...]
    queries: tuple[str, ...]
    updates: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """A cell that was run.

    Attributes:
        source: Its text below the magic's line.
        path: The module's file; its line numbers are the cell's.
        workflows: The workflow classes in it.
        activities: The names of the activities in it.
        trouble: Why it cannot be imported, in words, or "".
    """

    source: str
    path: Path
    workflows: tuple[WorkflowFound, ...] = ()
    activities: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def module(self) -> str:
        """The module's name."""
        return self.path.stem


async def attempt_of(name: str, source: str, *, magic: str = "exercise") -> Attempt:
    """Write a cell to its module, and look at it in another process.

    Args:
        name: The exercise's or the module's name.
        source: The cell below its first line.
        magic: The magic that the first line names.

    Raises:
        LabError: The text is too long, or the folder cannot be written to.
    """
    if len(source) > MAX_SOURCE:
        raise LabError(f"The cell has {len(source):,} characters; {MAX_SOURCE:,} is the most that is taken.")
    text = f"# %%{magic} {name}\n{source}"
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:10]
    try:
        path = cells_folder() / f"{re.sub(r'[^0-9A-Za-z_]', '_', name)}_{digest}.py"
        if not path.exists():
            draft = path.with_suffix(".draft")
            draft.write_text(text, encoding="utf-8", errors="replace")
            draft.replace(path)
    except OSError as error:
        raise LabError(
            f"The cell cannot be kept: {error}. The variable STAGEDFLOW_HOME names another folder."
        ) from None
    return await _looked_at(source, path)


async def _looked_at(source: str, path: Path) -> Attempt:
    child = await in_child("look", path.stem, python_path=[path.parent])
    told = child.report
    if child.timed_out:
        return Attempt(source, path, trouble=f"importing it took longer than {SECONDS:.0f} s: does it loop or wait?")
    if not isinstance(told, dict):
        last = child.output.splitlines()[-1:] or ["it said nothing"]
        return Attempt(source, path, trouble=f"the process that imported it ended ({child.code}): {last[0][:300]}")
    if "error" in told:
        line = told["line"]
        return Attempt(source, path, trouble=f"{f'line {line}: ' if line else ''}{str(told['error'])[:500]}")
    workflows = tuple(
        WorkflowFound(w["name"], w["type"], tuple(w["signals"]), tuple(w["queries"]), tuple(w["updates"]))
        for w in told["workflows"]
    )
    return Attempt(source, path, workflows, tuple(told["activities"]))
