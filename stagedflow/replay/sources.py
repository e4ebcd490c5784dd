"""The source text of the files whose lines a trace names."""

import linecache
from collections.abc import Iterable

from stagedflow.replay.trace import ReplayStep

MAX_FILE = 1_000_000
"""Characters of a file that are kept at the most: a trace goes into a page."""


def read_sources(steps: Iterable[ReplayStep], file: str) -> dict[str, str]:
    """The text of `file` and of each file in the steps' lines; one that cannot be read is left out.

    It is read anew, as the learner may have edited it, and by `linecache`, which also knows a notebook's cells.
    """
    files = {file: None, **{name: None for step in steps for name, _ in step.lines}}
    found = {}
    for name in filter(None, files):
        linecache.checkcache(name)
        if text := "".join(linecache.getlines(name)):
            found[name] = text[:MAX_FILE]
    return found
