"""What a saved notebook holds: its cells, their texts and pictures, and how two outputs compare.

Shared by the build, the validation and the checks of what is saved.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbval.plugin import find_comment_markers, find_metadata_tags, get_sanitize_patterns

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SANITIZER = Path(__file__).with_name("sanitize.cfg")

_PATTERNS = [(re.compile(each), text) for each, text in get_sanitize_patterns(SANITIZER.read_text())]
_DATA_URI = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)")


def read(path: Path) -> NotebookNode:
    """Read a notebook. A cell without an id is named by its place; nbformat would draw lots."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    for index, cell in enumerate(raw["cells"]):
        cell.setdefault("id", f"cell-{index:02}")
    raw["nbformat_minor"] = max(raw["nbformat_minor"], 5)
    return nbformat.reads(json.dumps(raw), as_version=4)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook in Jupyter's own layout, whole or not at all."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
    draft.replace(path)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells; nbval's "Cell 3" is the one at index 3."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def markers(cell: NotebookNode) -> dict[str, bool]:
    """What nbval makes of a cell's tags and comments: ``skip``, ``check``, ``check_exception``."""
    return {**dict(find_metadata_tags(cell.metadata)), **dict(find_comment_markers(cell.source))}


def is_compared(cell: NotebookNode) -> bool:
    """Whether nbval, when strict, compares the cell's output."""
    found = markers(cell)
    return found.get("check", True) and not found.get("skip") and cell.execution_count is not None


def texts(cell: NotebookNode) -> Iterator[str]:
    """Every text in a cell's outputs, that of its pictures too."""
    for output in cell.outputs:
        values = [output.get("text"), *output.get("data", {}).values()]
        yield from (open_pictures(value) for value in values if isinstance(value, str))


def html(cell: NotebookNode) -> str:
    """The HTML in a cell's outputs, as it is saved."""
    return "\n".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)


def open_pictures(text: str) -> str:
    """Put each embedded picture's own text in its base64's place, to be read and compared."""
    return _DATA_URI.sub(lambda uri: base64.b64decode(uri[1]).decode("utf-8", "replace"), text)


def sanitize(text: str) -> str:
    """Replace pids and ports, as nbval does with ``sanitize.cfg``."""
    for regex, replacement in _PATTERNS:
        text = regex.sub(replacement, text)
    return text


def same(one: list[NotebookNode], other: list[NotebookNode]) -> bool:
    """Whether two lists of outputs differ in pids and ports only, inside pictures too."""
    return [_seen(output) for output in one] == [_seen(output) for output in other]


def _seen(output: NotebookNode) -> dict[str, Any]:
    fields = {**output, **output.get("data", {})}
    return {
        name: sanitize(open_pictures(value)) if isinstance(value, str) else value
        for name, value in fields.items()
        if name not in ("data", "execution_count")
    }
