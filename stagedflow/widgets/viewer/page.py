"""The saved page: one self-contained file with the same renderer, for any browser, with no kernel and no network."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stagedflow.errors import LabError
from stagedflow.widgets.assets import asset_text, script
from stagedflow.widgets.escaping import escape
from stagedflow.widgets.viewer.data import payload_text

_PAGE_CSS = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 16px; background: #fff; }
noscript { font: 14px/1.5 system-ui, sans-serif; color: #1f2328; }
@media (prefers-color-scheme: dark) { body { background: #15181c; } noscript { color: #e3e6ea; } }
"""


def page(payload: Mapping[str, Any], *, title: str, fallback: str) -> str:
    """The whole HTML document; the same text for the same payload.

    Args:
        payload: What the modules in `static/` show.
        title: The document's title, as plain text.
        fallback: HTML for a browser without scripts: already escaped.
    """
    code = script("stagedflow.widgets.viewer", "page")
    style = asset_text("stagedflow.widgets.viewer", "static", "viewer.css") + _PAGE_CSS
    # Only these two texts may run or style, by their hashes; nothing may be fetched or sent.
    policy = (
        f"default-src 'none'; script-src '{_hash(code)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        '<body class="sfv-page">\n<main id="viewer"></main>\n'
        f"<noscript>{fallback}</noscript>\n"
        f'<script type="application/json" id="payload">{_inside_script(payload)}</script>\n'
        f'<script type="module">{code}</script>\n</body>\n</html>\n'
    )


def write_page(path: str | Path, text: str) -> Path:
    """Write the document and give its path back.

    Raises:
        LabError: The file cannot be written.
    """
    path = Path(path)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise LabError(f"The page was not saved: {path} cannot be written ({why}). Name another file.") from None
    return path


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _inside_script(payload: Mapping[str, Any]) -> str:
    """JSON that no HTML parser can leave: not one `<` or `>` stands in it, nor a line end that JavaScript knows."""
    text = payload_text(payload)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
