"""The source text of the files whose lines a trace names."""

import ast
import linecache
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType

from stagedflow.replay.trace import ReplayStep

MAX_FILE = 1_000_000
"""Characters of a file that are kept at the most: a trace goes into a page."""


def read_sources(files: Iterable[str], *, anew: bool = True) -> dict[str, str]:
    """The text of each file; one that cannot be read is left out. `linecache` knows a notebook's cells, too.

    Args:
        files: Their paths.
        anew: False to take the text as it was when it was read first.
    """
    found = {}
    for name in files:
        if anew:
            linecache.checkcache(name)
        if text := "".join(linecache.getlines(name)):
            found[name] = text[:MAX_FILE]
    return found


def files_of(steps: Iterable[ReplayStep], file: str) -> list[str]:
    """The workflow's own file, if it is known, and each other in the steps' lines."""
    return [name for name in dict.fromkeys([file, *(name for step in steps for name, _ in step.lines)]) if name]


def definition_line(code: CodeType) -> int:
    """The line of a function's `def`: to Python it begins with its first decorator."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError, RecursionError):
        return code.co_firstlineno
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)):
        if code.co_firstlineno == min([node.lineno, *(d.lineno for d in node.decorator_list)]):
            return node.lineno
    return code.co_firstlineno


def class_lines(source: str, ran: Iterable[int]) -> range:
    """The lines of the first class that one of the lines `ran` is in, its decorators included; empty if there is none.

    Args:
        source: The text of a file, as lines of Python.
        ran: Lines of it.
    """
    executed = set(ran)
    return next((lines for lines in _classes(source) if not executed.isdisjoint(lines)), range(0))


@lru_cache(16)
def _classes(source: str) -> tuple[range, ...]:
    """The lines of each class of a file."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(
        range(min([node.lineno, *(d.lineno for d in node.decorator_list)]), (node.end_lineno or 0) + 1)
        for node in body if isinstance(node, ast.ClassDef)
    )  # fmt: skip
