"""Values of a workflow as bounded, deterministic text: whatever they are, and whatever their `repr` does."""

import re
import reprlib
from collections.abc import Mapping
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LIMIT = 200

_repr = reprlib.Repr()
_repr.maxother = _repr.maxstring = _LIMIT
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = 10


def safe_text(value: Any) -> str:
    """At most about 200 characters of `repr`, without memory addresses; an error in `repr` is told, not raised."""
    try:
        text = _repr.repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
    text = _ADDRESS.sub("", text)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def safe_names(values: Mapping[str, Any]) -> dict[str, str]:
    """`safe_text` of each value, under its name, at most 50 of them, in the order of the names."""
    return {name: safe_text(values[name]) for name in sorted(values)[:50]}
