"""The gates of a staged workflow, numbered: each `wait_condition` in its class, in the order of the source."""

import ast
import linecache
from functools import lru_cache
from types import CodeType
from typing import Any

_STAGED = {"stage", "gate"}
"""The course's names for what a gate waits for."""
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def gates_of(run: CodeType) -> tuple[tuple[int, int], ...]:
    """The first and the last line of each gate; those in the method `run` come first.

    None in a class of which no `wait_condition` speaks of a `stage` or a `gate`: other code has no gates.
    """
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
    calls = [call for method in methods for call in _conditions(method)]
    if not any(_speaks_of_a_stage(call) for call in calls):
        return ()
    return tuple((call.lineno, call.end_lineno or call.lineno) for call in calls)


def _conditions(function: ast.AST) -> list[ast.Call]:
    calls = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    named = (c for c in calls if _name(c.func) == "wait_condition")
    return sorted(named, key=lambda c: (c.lineno, c.col_offset))


def _speaks_of_a_stage(call: ast.Call) -> bool:
    return any(_name(node) in _STAGED for node in ast.walk(call))


def _name(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))
