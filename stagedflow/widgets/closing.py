"""Widgets that go away whole: ipywidgets closes a box alone, and leaves its children, layouts and styles for ever."""

from collections.abc import Iterator

import ipywidgets


def close_whole(widget: ipywidgets.Widget) -> None:
    """Close what a widget is made of, its layout and its style; the widget itself closes by its own `close`."""
    for part in _parts(widget):
        part.close()


def _parts(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    for child in getattr(widget, "children", ()):
        yield from (*_parts(child), child)
    for name in ("layout", "style"):
        if isinstance(part := getattr(widget, name, None), ipywidgets.Widget):
            yield part
