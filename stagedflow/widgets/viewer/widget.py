"""What the two widgets of the viewer have in common: its script, its stylesheet, a payload and a place in it."""

from typing import Any

import anywidget
import traitlets

from stagedflow.widgets.assets import asset_text, script


class ViewerWidget(anywidget.AnyWidget):
    """Shows a payload by the modules in `static/`; where no widget can run, tables stand for it."""

    _esm = script("stagedflow.widgets.viewer", "widget")
    _css = asset_text("stagedflow.widgets.viewer", "static", "viewer.css")
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
