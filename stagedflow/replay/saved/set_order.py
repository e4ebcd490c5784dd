"""Loops over a set, read off the source: the order of a set of strings differs from process to process."""

import ast
from collections.abc import Iterator

_MAKERS = {"set", "frozenset"}
_KEEP_ORDER = {"list", "tuple", "enumerate", "iter", "reversed", "zip", "map", "filter"}
_Loop = ast.For | ast.AsyncFor | ast.comprehension


def set_loop(source: str, line: int) -> int | None:
    """The line of the innermost loop or comprehension around `line` that goes over a set; None if none is seen.

    Args:
        source: The text of a file, as Python.
        line: A line of it.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    names = {name for node in ast.walk(tree) for name in _sets_named(node)}
    around = [
        loop for node in ast.walk(tree) for loop in _loops(node) if _spans(node, line) and _is_set(loop.iter, names)
    ]
    return max((loop.iter.lineno for loop in around), default=None)


def _loops(node: ast.AST) -> Iterator[_Loop]:
    if isinstance(node, ast.For | ast.AsyncFor):
        yield node
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        yield from node.generators


def _spans(node: ast.AST, line: int) -> bool:
    return bool(getattr(node, "lineno", 0) <= line <= (getattr(node, "end_lineno", None) or 0))


def _sets_named(node: ast.AST) -> Iterator[str]:
    """The names that this statement or parameter gives to a set."""
    match node:
        case ast.Assign(targets=targets, value=value) if _is_set(value, set()):
            yield from (ast.unparse(target) for target in targets)
        case ast.AnnAssign(target=target, annotation=annotation, value=value):
            if _says_set(annotation) or (value is not None and _is_set(value, set())):
                yield ast.unparse(target)
        case ast.arg(arg=name, annotation=annotation) if annotation is not None and _says_set(annotation):
            yield name


def _says_set(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).partition("[")[0] in _MAKERS


def _is_set(value: ast.expr, names: set[str]) -> bool:
    match value:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name), args=args):
            return name in _MAKERS or (name in _KEEP_ORDER and any(_is_set(arg, names) for arg in args))
        case ast.BinOp(left=left, right=right, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
            return _is_set(left, names) or _is_set(right, names)
        case ast.Name() | ast.Attribute():
            return ast.unparse(value) in names
    return False
