"""Copies of the fixture workflows that mark each statement as it runs, for the oracle.

The marks say what Python's line events say, statement by statement, with these on purpose:

- A loop's header runs again for each turn, an `except` clause when it is tried, a `with` line when its block is left.
- A lambda, and an element of a comprehension, belongs to the statement in which it is written, whoever calls it.
- An await that had to wait marks its statement again when it has its result (or error), if it is the innermost of the
  learner's own: the outer coroutines have not gone on by themselves.
- Not certain, as it is up to the compiler: that Python tells a statement of several lines again after a call in it (in
  one of a single line it never does), `while True` for each turn, an async generator's `yield` when that goes on.
- A `case` line belongs to its `match`; a docstring, `global` and `nonlocal` are no statements that run.
"""

import ast
import sys
from collections.abc import AsyncIterator, Awaitable, Generator, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.fixtures import workflows
from tests.replay.oracle import mark, marks_so_far

PACKAGE = "copies_of_the_fixture_workflows"
_SILENT = (ast.Global, ast.Nonlocal)


class Waited:
    """An awaitable that marks its line when the one inside is done, if that took a wait."""

    def __init__(self, file: str, line: int, inside: Awaitable[Any]) -> None:
        self.place = file, line
        self.inside = inside

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self.inside.__await__()
        marks_before = -1  # it has not waited yet
        given: BaseException | None = None
        try:
            while True:
                pause = steps.throw(given) if given else next(steps)
                try:
                    yield pause
                    given = None
                except GeneratorExit:  # forgotten, and thrown away while whatever else may run
                    marks_before = -1
                    steps.close()
                    raise
                except BaseException as thrown:
                    given = thrown
                marks_before = marks_so_far()
        except StopIteration as end:
            return end.value
        finally:
            if marks_before == marks_so_far():
                mark(*self.place)


class Entered:
    """An async context manager whose two awaits are marked like any other."""

    def __init__(self, file: str, line: int, inside: Any) -> None:
        self.place = file, line
        self.inside = inside

    async def __aenter__(self) -> Any:
        return await Waited(*self.place, self.inside.__aenter__())

    async def __aexit__(self, *error: Any) -> Any:
        return await Waited(*self.place, self.inside.__aexit__(*error))


def each(file: str, line: int, values: Iterable[Any]) -> Iterator[Any]:
    """A loop's values, each with a mark of the loop's header before it; the end, too."""
    values = iter(values)
    while True:
        mark(file, line)
        try:
            value = next(values)
        except StopIteration:
            return
        yield value


class EachAsync:
    """The same for `async for`."""

    def __init__(self, file: str, line: int, values: AsyncIterator[Any]) -> None:
        self.place = file, line
        self.values = values.__aiter__()

    def __aiter__(self) -> "EachAsync":
        return self

    def __anext__(self) -> Awaitable[Any]:
        mark(*self.place)
        return Waited(*self.place, self.values.__anext__())


class _Marker(ast.NodeTransformer):
    """Puts the marks into one module's functions."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.statement: ast.stmt | ast.ExceptHandler | None = None

    def call(self, name: str, *more: ast.expr, certain: bool = True) -> ast.Call:
        assert self.statement
        args: list[ast.expr] = [ast.Constant(self.file), ast.Constant(self.statement.lineno), *more]
        keywords = [] if certain else [ast.keyword("certain", ast.Constant(False))]
        return ast.Call(ast.Name(f"_{name}", ast.Load()), args, keywords)

    def first(self, value: ast.expr) -> ast.expr:
        """The value, with a mark before it is worked out."""
        return ast.BoolOp(ast.Or(), [self.call("mark"), value])

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        marked: list[ast.stmt] = []
        outer = self.statement
        for statement in statements:
            self.statement = statement
            if not isinstance(statement, _SILENT) and not _is_docstring(statement):
                marked.append(ast.Expr(self.call("mark")))
            marked.append(self.visit(statement))
        self.statement = outer
        return marked

    def visit_function(self, node: Any) -> Any:
        node.body = self.block(node.body)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function

    def visit_loop(self, node: Any) -> Any:
        node.iter = self.call("each" if isinstance(node, ast.For) else "each_async", self.visit(node.iter))
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    visit_For = visit_AsyncFor = visit_loop

    def visit_While(self, node: ast.While) -> Any:
        body, node.orelse = self.block(node.body), self.block(node.orelse)
        if isinstance(node.test, ast.Constant):
            body.insert(0, ast.Expr(self.call("mark", certain=False)))
        else:
            node.test = self.first(self.visit(node.test))
        node.body = body
        return node

    def visit_If(self, node: ast.If) -> Any:
        node.test = self.visit(node.test)
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def visit_with(self, node: Any) -> Any:
        for item in node.items:
            item.context_expr = self.visit(item.context_expr)
            if isinstance(node, ast.AsyncWith):
                item.context_expr = self.call("entered", item.context_expr)
        left: list[ast.stmt] = [ast.Expr(self.call("mark"))]
        node.body = [ast.Try(self.block(node.body), [], [], left)]
        return node

    visit_With = visit_AsyncWith = visit_with

    def visit_Try(self, node: ast.Try) -> Any:
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        for handler in node.handlers:
            outer, self.statement = self.statement, handler
            assert handler.type, "a bare except has nothing to put a mark into"
            handler.type = self.first(handler.type)
            handler.body = self.block(handler.body)
            self.statement = outer
        node.finalbody = self.block(node.finalbody)
        return node

    def visit_match_case(self, node: ast.match_case) -> Any:
        node.guard = self.visit(node.guard) if node.guard else None
        node.body = self.block(node.body)
        return node

    def visit_Await(self, node: ast.Await) -> Any:
        self.generic_visit(node)
        return ast.Await(self.call("waited", node.value))

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        node.body = self.first(self.visit(node.body))
        return node

    def visit_comprehension_like(self, node: Any) -> Any:
        self.generic_visit(node)
        node.elt = self.first(node.elt)
        return node

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_comprehension_like

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        statement = self.statement
        if not statement or _is_compound(statement) or statement.lineno == statement.end_lineno:
            return node
        return ast.Subscript(
            ast.Tuple([node, self.call("mark", certain=False)], ast.Load()), ast.Constant(0), ast.Load()
        )

    def visit_Yield(self, node: ast.Yield) -> Any:
        self.generic_visit(node)
        return ast.Subscript(
            ast.Tuple([node, self.call("mark", certain=False)], ast.Load()), ast.Constant(0), ast.Load()
        )

    def visit_Module(self, node: Any) -> Any:
        """Only functions are marked: what else a module or a class holds runs when it is imported."""
        for statement in node.body:
            if isinstance(statement, ast.ClassDef):
                self.visit_Module(statement)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.visit(statement)
        return node


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_compound(statement: ast.AST) -> bool:
    return hasattr(statement, "body") or isinstance(statement, ast.Match)


@cache
def copied_module(name: str) -> ModuleType:
    """The copy of a module of `tests/fixtures/workflows`, by its last name."""
    sys.modules.setdefault(PACKAGE, ModuleType(PACKAGE))
    path = Path(workflows.__file__).with_name(f"{name}.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == workflows.__name__:
            node.module = PACKAGE
            for alias in node.names:
                copied_module(alias.name)
    marked = ast.fix_missing_locations(_Marker(str(path)).visit(tree))
    module = ModuleType(f"{PACKAGE}.{name}")
    module.__file__ = str(path)
    vars(module).update(_mark=mark, _waited=Waited, _entered=Entered, _each=each, _each_async=EachAsync)
    sys.modules[module.__name__] = module
    setattr(sys.modules[PACKAGE], name, module)
    exec(compile(marked, f"copy of {path}", "exec"), vars(module))
    return module


def copy_of(cls: type) -> type:
    """The copy of a fixture workflow's class."""
    return vars(copied_module(cls.__module__.rpartition(".")[2]))[cls.__qualname__]  # type: ignore[no-any-return]
