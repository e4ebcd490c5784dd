"""The gates of a workflow, numbered: each `wait_condition` in its class, in the order of the source."""

import ast
import linecache
from functools import lru_cache
from types import CodeType
from typing import Any

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def gates_of(run: CodeType) -> tuple[tuple[int, int], ...]:
    """The first and the last line of each gate; those in the method `run` come first."""
    linecache.checkcache(run.co_filename)  # the learner may have edited it
    return _gates("".join(linecache.getlines(run.co_filename)), run.co_qualname)


@lru_cache(maxsize=64)
def _gates(source: str, run: str) -> tuple[tuple[int, int], ...]:
    try:
        node: Any = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    *outer, name = [part for part in run.split(".") if part != "<locals>"]
    for part in outer:
        node = next((n for n in ast.walk(node) if isinstance(n, _DEFINITIONS) and n.name == part), None)
        if node is None:
            return ()
    methods = [m for m in getattr(node, "body", ()) if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]
    methods.sort(key=lambda m: m.name != name)
    return tuple(span for method in methods for span in _spans(method))


def _spans(function: ast.AST) -> list[tuple[int, int]]:
    calls = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    named = (c for c in calls if getattr(c.func, "attr", getattr(c.func, "id", "")) == "wait_condition")
    return sorted((c.lineno, c.end_lineno or c.lineno) for c in named)
