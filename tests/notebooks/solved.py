"""The solved form of a lesson: one substitution, each exercise's cell with its solution in the starter's place."""

import re
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode

from stagedflow.course.exercise import exercise
from tests.notebooks import saved

FOLDER = saved.FOLDER / "instructor" / "solved"
_CHECK = re.compile(r'^check\("\w+"\)', re.M)
_CELL = re.compile(r"%%exercise (\w+)\n(.*)", re.S)


def exercises_in(notebook: NotebookNode) -> dict[str, str]:
    """Name -> code of each exercise's cell, in the lesson's order."""
    found = (_CELL.fullmatch(cell.source) for cell in saved.code_cells(notebook))
    return {cell[1]: cell[2] for cell in found if cell}


def solve(notebook: NotebookNode) -> None:
    """Put the solutions in."""
    for cell in saved.code_cells(notebook):
        if found := _CELL.fullmatch(cell.source):
            cell.source = f"%%exercise {found[1]}\n{exercise(found[1]).solution.rstrip()}"


def own_part(notebook: NotebookNode) -> NotebookNode:
    """The first cell, and those in which the solved form differs from the lesson: the others run in the lesson itself.

    An exercise's cell is a module of its own, so none of these needs a cell between them.
    """
    part = deepcopy(notebook)
    part.cells = [cell for number, cell in enumerate(saved.code_cells(part)) if number == 0 or is_own(cell)]
    return part


def is_own(cell: NotebookNode) -> bool:
    """True for a cell with an exercise's answer or check."""
    return bool(_CELL.fullmatch(cell.source) or _CHECK.search(cell.source))


def lessons() -> list[Path]:
    """The lessons that have exercises, and so a solved form."""
    return [path for path in saved.NOTEBOOKS if exercises_in(saved.read(path))]


def solved_path(lesson: Path) -> Path:
    """Where a lesson's solved form is saved."""
    return FOLDER / lesson.name
