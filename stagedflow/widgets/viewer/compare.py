"""Two traces in step as a widget and as a page, with the viewer's own renderer."""

from pathlib import Path
from typing import Any

from stagedflow.replay import compare as data
from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.escaping import MAX_ACCOUNT, escape, visible
from stagedflow.widgets.viewer.data import VERSION, encode, payload_bytes
from stagedflow.widgets.viewer.page import page, write_page
from stagedflow.widgets.viewer.table import html_table, text_table
from stagedflow.widgets.viewer.widget import ViewerWidget

DIFFERENCES = ("alone", "lines", "commands", "waiting", "state", "locals", "failure")
NONE = -1
"""Stands for the step that a pair does not have."""


class Comparison(data.Comparison):
    """Two traces in step. A notebook shows it as a viewer in which one slider moves both."""

    def save_html(self, path: str | Path) -> Path:
        """Write both traces in step as one self-contained page that needs neither a kernel nor a network.

        Args:
            path: The file to write; one that is there is replaced.

        Returns:
            The same path.

        Raises:
            LabError: The file cannot be written.
        """
        title = f"Two replays of {self.a.workflow_type or 'a workflow'}"
        return write_page(path, page(encode_pairs(self), title=title, fallback=_html(self)))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return CompareViewer(self)._repr_mimebundle_(**kwargs)


def compare(
    a: ReplayTrace, b: ReplayTrace, *, names: tuple[str, str] = ("the first trace", "the second trace")
) -> Comparison:
    """Lay two traces side by side, as `stagedflow.replay.compare.compare` does, to be shown.

    Args:
        a: The first trace.
        b: The second trace.
        names: What to call the two.

    Raises:
        LabError: One of them is no trace.
    """
    found = data.compare(a, b, names=names)
    return Comparison(found.a, found.b, found.pairs, found.names)


class CompareViewer(ViewerWidget):
    """Shows two traces side by side; one slider moves both.

    Args:
        comparison: From `compare(trace_a, trace_b)`.
    """

    def __init__(self, comparison: data.Comparison) -> None:
        self.comparison = comparison
        super().__init__(_payload=payload_bytes(encode_pairs(comparison)), step=comparison.first_difference or 0)

    def _tables(self) -> tuple[str, str]:
        return _text(self.comparison), _html(self.comparison)

    def __repr__(self) -> str:
        return f"CompareViewer({self.comparison!r})"


def encode_pairs(comparison: data.Comparison) -> dict[str, Any]:
    """All that the viewer shows of a comparison, ready for `json`: two traces, and which steps stand side by side."""
    return {
        "version": VERSION,
        "a": encode(comparison.a),
        "b": encode(comparison.b),
        "compare": {
            "names": [visible(name) for name in comparison.names],
            "summary": visible(comparison.summary, limit=MAX_ACCOUNT),
            "differences": DIFFERENCES,
            # Each pair: the two steps, and the places in "differences" of what is not the same.
            "pairs": [
                [p.a.index if p.a else NONE, p.b.index if p.b else NONE, *(DIFFERENCES.index(d) for d in p.differs)]
                for p in comparison.pairs
            ],
            "told": {str(n): visible(p.text) for n, p in enumerate(comparison.pairs) if p.text},
        },
    }


def _text(comparison: data.Comparison) -> str:
    sides = zip(comparison.names, (comparison.a, comparison.b), strict=True)
    tables = [f"{name}\n{text_table(trace, rows=20)}" for name, trace in sides]
    return "\n\n".join([comparison.text, *tables])


def _html(comparison: data.Comparison) -> str:
    sides = zip(comparison.names, (comparison.a, comparison.b), strict=True)
    tables = [f"<p><b>{escape(visible(name))}</b></p>{html_table(trace, rows=20)}" for name, trace in sides]
    return f"<p>{escape(visible(comparison.text, limit=MAX_ACCOUNT))}</p>{''.join(tables)}"
