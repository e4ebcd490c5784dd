"""The replay viewer: step through a workflow's activations, forward and back, in a notebook or in a saved page."""

import threading
from pathlib import Path

from stagedflow.errors import LabError
from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.viewer.data import Encoder, encode, payload_bytes
from stagedflow.widgets.viewer.page import page, write_page
from stagedflow.widgets.viewer.table import html_table, text_table
from stagedflow.widgets.viewer.widget import ViewerWidget


class ReplayViewer(ViewerWidget):
    """Shows a trace step by step: source, history, state, commands, and what each coroutine waits for.

    Where no widget can run (a saved notebook, a terminal) it is a table.

    Args:
        trace: From `await record_replay(...)` or `await lab.trace(handle)`.
        step: Where to begin: an index into `trace.steps`, negative from the end. By default the step of the trace's
            failure, or the first.

    Raises:
        LabError: `trace` is no trace.

    Attributes:
        step: The index of the step that is shown. Setting it moves the viewer; moving the viewer sets it.
        paused: While True, a new trace is kept and not drawn: for a viewer that nobody sees.
    """

    def __init__(self, trace: ReplayTrace, *, step: int | None = None) -> None:
        if not isinstance(trace, ReplayTrace):
            raise LabError(
                f"`ReplayViewer` shows a trace, as `await record_replay(...)` or `await lab.trace(handle)` gives it; "
                f"this is a {type(trace).__name__}."
            )
        self._lock = threading.Lock()
        self._trace = self._drawn = trace
        self._paused = False
        count = len(trace.steps)
        if step is None:
            step = trace.failure.step if trace.failure else 0
        elif step < 0:
            step += count
        self._encoder = Encoder()
        super().__init__(_payload=payload_bytes(self._encoder.encode(trace)), step=max(0, min(step, count - 1)))

    @property
    def trace(self) -> ReplayTrace:
        """What is shown. Set it anew from any thread: the reader keeps their place, or follows on from the last."""
        return self._trace

    @trace.setter
    def trace(self, trace: ReplayTrace) -> None:
        with self._lock:
            self._trace = trace
            self._draw()

    @property
    def paused(self) -> bool:
        """While True, a new trace is kept and not drawn. Set to False, it draws the last one."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        with self._lock:
            self._paused = paused
            self._draw()

    def _draw(self) -> None:
        if not self._paused and self._drawn is not self._trace:
            self._payload = payload_bytes(self._encoder.encode(self._trace))
            self._drawn = self._trace

    def save_html(self, path: str | Path) -> Path:
        """Write the viewer as one self-contained page that needs neither a kernel nor a network.

        Args:
            path: The file to write; one that is there is replaced.

        Returns:
            The same path.

        Raises:
            LabError: The file cannot be written.
        """
        trace = self._trace
        title = f"Replay of {trace.workflow_type or 'a workflow'}"
        return write_page(path, page(encode(trace), title=title, fallback=html_table(trace)))

    def _tables(self) -> tuple[str, str]:
        return text_table(self._trace), html_table(self._trace)

    def __repr__(self) -> str:
        name = self._trace.workflow_type or "a workflow"
        return f"ReplayViewer({name}: {len(self._trace.steps)} steps)"
