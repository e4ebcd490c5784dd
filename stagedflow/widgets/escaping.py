"""Text that is safe to look at: what a reader cannot see is made visible, and nothing is endless."""

import unicodedata
from collections.abc import Sequence
from html import escape as _html_escape
from pathlib import PurePath

MAX_TEXT = 1_000
"""Characters of one text that a viewer shows at the most."""
MAX_ACCOUNT = 4_000
"""The same of an account of a whole failure or comparison, whose last sentences matter most."""

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # part of ordinary words in some scripts, and of emoji


def visible(text: str, *, limit: int = MAX_TEXT, keep: str = "") -> str:
    """The text with control, bidirectional and broken characters as signs of their own, and bounded.

    Args:
        text: Any text, also one with lone surrogates.
        limit: The most characters to keep; what is cut is counted at the end.
        keep: Hidden characters that stay as they are, such as a tab in source code.
    """
    beyond = len(text) - limit
    if beyond > 0:
        text = text[:limit]
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in keep else _sign(c) for c in text)
    return f"{text}… ({beyond:,} more characters)" if beyond > 0 else text


def short_names(files: Sequence[str]) -> dict[str, str]:
    """Each file by its name alone; by its folder, too, if two have the same name. No page tells a whole path."""
    names = [PurePath(file).name for file in files]
    return {
        file: visible(name if names.count(name) == 1 else "/".join(PurePath(file).parts[-2:]))
        for file, name in zip(files, names, strict=True)
    }


def escape(text: str) -> str:
    """The whole text for a place in HTML or SVG, also inside an attribute: hidden characters as signs, lines kept."""
    return _html_escape(for_terminal(text))


def for_terminal(text: str) -> str:
    """The whole text as a terminal and a plain output show it: hidden characters as signs, lines and tabs kept."""
    return visible(text, limit=len(text), keep="\n\t")


def _sign(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
