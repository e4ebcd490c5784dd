"""Values under a name that looks secret: they are hidden, in payloads and in `repr`s."""

import json
import re
from functools import lru_cache
from typing import Any

MAX_NAME = 200
"""Characters of a name that are looked at."""

HIDDEN = "•••• (hidden: the name looks secret)"

_PARSED = 100_000
"""Characters of JSON above which it is not parsed, but cut where a secret may begin."""

_SECRET_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|authori[sz]ation|bearer|cookie"
    r"|(?:api|access|private|encryption|signing|session)[ _-]?key)"
)

_SECRET = re.compile(_SECRET_WORDS, re.IGNORECASE)

_IN_STRING = re.compile(rf"{_SECRET_WORDS}\w*[\\'\"\])]*(?:\s*[=:>]|(?<=bearer)\s)", re.IGNORECASE)

_IN_REPR = re.compile(rf"{_SECRET_WORDS}\w*['\"]?\s*[=:]\s*", re.IGNORECASE)

_WHOLE = re.compile(r"""([bB]?'(?:[^'\\]|\\.)*'|[bB]?"(?:[^"\\]|\\.)*"|None|True|False)(?=[,)\]}>]|$)""")
"""A value in a `repr` whose end is beyond doubt."""

_ESCAPED_ASCII = re.compile(r"\\u00([2-7][0-9a-fA-F])")


def without_secrets(text: str) -> str:
    """A payload's text with what stands under a name that looks secret hidden; other text as it came.

    Of JSON the whole value under such a name is hidden, whatever it holds. Any other text, and JSON that is cut off or
    longer than 100,000 characters, ends at the first such name.
    """
    plain = _ESCAPED_ASCII.sub(lambda found: chr(int(found[1], 16)), text) if "\\u00" in text else text
    found = _SECRET.search(plain)
    if not found:
        return text
    try:
        value = json.loads(text) if len(text) <= _PARSED else None
        kept = _kept(value)
        if value is not None:
            return text if kept == value else _spelled(kept, text.isascii())
    except (ValueError, RecursionError):
        pass
    return plain[: found.end()] + HIDDEN


def _kept(value: Any) -> Any:
    """What may be shown of parsed JSON."""
    if type(value) is dict:
        return {name: HIDDEN if hides(name, part) else _kept(part) for name, part in value.items()}
    if type(value) is list:
        return [_kept(part) for part in value]
    if type(value) is not str:
        return value
    if value[:1] in ("{", "["):  # JSON within JSON
        return without_secrets(value)
    found = _IN_STRING.search(value)
    return value[: found.end()] + HIDDEN if found else value


def _spelled(value: Any, ascii: bool) -> str:
    """JSON as Temporal's converter spells it, but for what is hidden: that is no string of the payload's."""
    hidden = json.dumps(HIDDEN, ensure_ascii=ascii)
    text = json.dumps(value, ensure_ascii=ascii, separators=(",", ":"))
    return text.replace(hidden, HIDDEN).replace(hidden[1:-1], HIDDEN)


def hidden_in_repr(text: str) -> str:
    """A `repr` with what stands behind a name that looks secret hidden, and all behind it where its end is in doubt."""
    at = 0
    while found := _IN_REPR.search(text, at):
        value = _WHOLE.match(text, found.end())
        if not value:
            return text[: found.end()] + HIDDEN
        told = value[1] if value[1] in ("None", "True", "False") else HIDDEN
        text, at = text[: found.end()] + told + text[value.end() :], found.end() + len(told)
    return text


def hides(name: str, value: Any) -> bool:
    """True if the name looks secret and the value could be one: None, True and False tell nothing."""
    return value is not None and type(value) is not bool and _looks_secret(name[:MAX_NAME])


@lru_cache(maxsize=2_048)
def _looks_secret(name: str) -> bool:
    return _SECRET.search(name) is not None
