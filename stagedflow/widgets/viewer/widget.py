"""What the two widgets of the viewer have in common: its module, its stylesheet, a payload and a place in it."""

from typing import Any

import anywidget
import traitlets

from stagedflow.widgets.viewer.page import static_text


class ViewerWidget(anywidget.AnyWidget):
    """Shows a payload by `static/viewer.js`; where no widget can run, tables stand for it."""

    _esm = static_text("viewer.js")
    _css = static_text("viewer.css")
    _payload = traitlets.Bytes().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def _tables(self) -> tuple[str, str]:
        """The same as plain text and as HTML, escaped."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        text, html = self._tables()
        return {**data, "text/plain": text, "text/html": html}, metadata
