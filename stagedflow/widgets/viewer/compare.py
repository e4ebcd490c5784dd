"""A `Comparison` as a widget and as a page: two traces in step, with the viewer's own renderer."""

from html import escape
from pathlib import Path
from typing import Any

from stagedflow.replay.compare import Comparison
from stagedflow.widgets.viewer.data import VERSION, encode, payload_bytes
from stagedflow.widgets.viewer.page import page, write_page
from stagedflow.widgets.viewer.table import html_table, text_table
from stagedflow.widgets.viewer.text import visible
from stagedflow.widgets.viewer.widget import ViewerWidget

DIFFERENCES = ("alone", "lines", "commands", "waiting", "state", "locals", "failure")
NONE = -1
"""Stands for the step that a pair does not have."""


class CompareViewer(ViewerWidget):
    """Shows two traces side by side; one slider moves both.

    Args:
        comparison: From `compare(trace_a, trace_b)`.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        super().__init__(_payload=payload_bytes(encode_pairs(comparison)), step=comparison.first_difference or 0)

    def _tables(self) -> tuple[str, str]:
        return _text(self.comparison), _html(self.comparison)

    def __repr__(self) -> str:
        return f"CompareViewer({self.comparison!r})"


def encode_pairs(comparison: Comparison) -> dict[str, Any]:
    """All that the viewer shows of a comparison, ready for `json`: two traces, and which steps stand side by side."""
    return {
        "version": VERSION,
        "a": encode(comparison.a),
        "b": encode(comparison.b),
        "compare": {
            "names": [visible(name) for name in comparison.names],
            "summary": visible(comparison.summary),
            "differences": DIFFERENCES,
            # Each pair: the two steps, and the places in "differences" of what is not the same.
            "pairs": [
                [p.a.index if p.a else NONE, p.b.index if p.b else NONE, *(DIFFERENCES.index(d) for d in p.differs)]
                for p in comparison.pairs
            ],
            "told": {str(n): visible(p.text) for n, p in enumerate(comparison.pairs) if p.text},
        },
    }


def save_comparison(comparison: Comparison, path: str | Path) -> Path:
    """Write it as one self-contained page.

    Raises:
        LabError: The file cannot be written.
    """
    title = f"Two replays of {comparison.a.workflow_type or 'a workflow'}"
    return write_page(path, page(encode_pairs(comparison), title=title, fallback=_html(comparison)))


def _text(comparison: Comparison) -> str:
    sides = zip(comparison.names, (comparison.a, comparison.b), strict=True)
    tables = [f"{name}\n{text_table(trace, rows=20)}" for name, trace in sides]
    return "\n\n".join([comparison.text, *tables])


def _html(comparison: Comparison) -> str:
    sides = zip(comparison.names, (comparison.a, comparison.b), strict=True)
    tables = [f"<p><b>{escape(visible(name))}</b></p>{html_table(trace, rows=20)}" for name, trace in sides]
    return f"<p>{escape(visible(comparison.text))}</p>{''.join(tables)}"
