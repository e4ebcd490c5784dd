"""Strategies: the source of a fixture workflow, with a statement dropped, doubled, moved or given another value."""

import ast
import copy
import inspect
from pathlib import Path
from typing import Any

from hypothesis import strategies as st


def edited_sources(workflow: type) -> st.SearchStrategy[str]:
    """The module of a workflow after one or two edits of that class: its whole text, without comments.

    Args:
        workflow: The class; all else in its module stays.
    """
    source = Path(inspect.getfile(workflow)).read_text(encoding="utf-8")
    edits = st.lists(st.sampled_from(EDITS), min_size=1, max_size=2)
    return st.builds(_edited, st.just(source), st.just(workflow.__name__), edits, st.data())


def _edited(source: str, name: str, edits: list[Any], data: st.DataObject) -> str:
    module = ast.parse(source)
    (found,) = [c for c in module.body if isinstance(c, ast.ClassDef) and c.name == name]
    for edit in edits:
        edit(found, data)
    return ast.unparse(ast.fix_missing_locations(module)) + "\n"


def _body(found: ast.ClassDef, data: st.DataObject, *, but: str = "") -> list[ast.stmt]:
    """The statements of a method, or of a block in it."""
    functions = [n for n in ast.walk(found) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name != but]
    bodies = [
        body
        for function in functions
        for node in ast.walk(function)
        if isinstance(body := getattr(node, "body", None), list) and body
    ]
    return data.draw(st.sampled_from(bodies), label="block")


def drop(found: ast.ClassDef, data: st.DataObject) -> None:
    body = _body(found, data)
    del body[data.draw(st.integers(0, len(body) - 1), label="statement")]
    if not body:
        body.append(ast.Pass())


def double(found: ast.ClassDef, data: st.DataObject) -> None:
    body = _body(found, data)
    at = data.draw(st.integers(0, len(body) - 1), label="statement")
    body.insert(at, copy.deepcopy(body[at]))


def move_up(found: ast.ClassDef, data: st.DataObject) -> None:
    body = _body(found, data)
    at = data.draw(st.integers(0, len(body) - 1), label="statement")
    body.insert(0, body.pop(at))


def insert(found: ast.ClassDef, data: st.DataObject) -> None:
    """A command that was not there. Temporal's Replayer waits for ever where `__init__` continues as new."""
    body = _body(found, data, but="__init__")
    (statement,) = ast.parse(data.draw(st.sampled_from(INSERTED), label="inserted")).body
    body.insert(data.draw(st.integers(0, len(body)), label="at"), statement)


def other_value(found: ast.ClassDef, data: st.DataObject) -> None:
    """Another number, name or text."""
    constants = [n for n in ast.walk(found) if isinstance(n, ast.Constant) and isinstance(n.value, str | int | float)]
    if constants:
        constant = data.draw(st.sampled_from(constants), label="constant")
        constant.value = constant.value + ("x" if isinstance(constant.value, str) else 1)


INSERTED = [
    "await workflow.sleep(3)",
    "workflow.patched('fuzz')",
    "workflow.random().random()",
    "workflow.upsert_memo({'fuzz': 1})",
    "await workflow.execute_activity('fuzz', start_to_close_timeout=timedelta(seconds=1))",
    "await workflow.execute_local_activity('fuzz', start_to_close_timeout=timedelta(seconds=1))",
    "await workflow.execute_child_workflow('Fuzz', id='fuzz')",
    "await workflow.wait_condition(lambda: False, timeout=5)",
    "workflow.continue_as_new()",
    "raise ValueError('fuzz')",
    "return",
]
EDITS = [drop, double, move_up, insert, other_value]
