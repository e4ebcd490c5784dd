"""The replay viewer: a trace as a widget, a page and a table."""
