"""The package's shape: which part may know of which, and how large a part may be.

Read off the source, so that an import inside a function or for the type checker alone counts as any other.
"""

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "stagedflow"

LAYERS = (
    {"errors", "staged"},
    {"background"},
    {"replay"},
    {"history"},
    {"ledger"},
    {"lab"},
    {"widgets"},
    {"commands", "course"},
    {"stagedflow", "__main__"},
)
"""From the bottom up; the parts of one layer do not know each other. On top is the façade."""


def imports(package: Path) -> dict[str, set[str]]:
    """Module -> the package's modules that it imports, as dotted names without the package's own."""
    files = {_name(path, package): path for path in package.rglob("*.py")}
    return {name: set(_imported(path, package.name, files)) - {name} for name, path in files.items()}


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or package.name


def _imported(path: Path, package: str, files: Mapping[str, Path]) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            wanted = [(alias.name,) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports are not read here"
            wanted = [(f"{node.module}.{alias.name}", str(node.module)) for alias in node.names]
        else:
            continue
        for names in wanted:
            inside = [n.removeprefix(f"{package}.") for n in names if n == package or n.startswith(f"{package}.")]
            yield from [name for name in inside if name in files][:1]


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(graph: Mapping[str, set[str]]) -> list[str]:
    """The imports that go to a part of the same layer or of a higher one."""
    level = {part: number for number, layer in enumerate(LAYERS) for part in layer}

    def part(module: str) -> str:
        return module.partition(".")[0]

    return [
        f"{module} -> {other}"
        for module, others in graph.items()
        for other in others
        if part(module) != part(other) and level[part(module)] <= level[part(other)]
    ]


def test_no_module_imports_itself_in_a_circle() -> None:
    assert not circle(imports(PACKAGE))


def test_imports_go_from_higher_layers_to_lower_ones() -> None:
    assert not upward(imports(PACKAGE))


@pytest.mark.parametrize(
    "line",
    [
        "from stagedflow.lab import lab",
        "import stagedflow.lab.lab",
        "def f():\n    from stagedflow.lab.lab import Lab",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from stagedflow.lab.lab import Lab",
    ],
)
def test_a_forbidden_import_and_a_circle_are_seen(line: str, tmp_path: Path) -> None:
    package = tmp_path / "stagedflow"
    for name, text in {"lab/lab.py": "from stagedflow.ledger import reader", "ledger/reader.py": line}.items():
        (package / name).parent.mkdir(parents=True)
        (package / name).write_text(text)
    graph = imports(package)
    assert upward(graph) == ["ledger.reader -> lab.lab"]
    assert set(circle(graph)) == {"lab.lab", "ledger.reader"}


def test_the_package_can_be_seen_at_a_glance() -> None:
    names = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(names) <= 12


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.*")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_holds_one_concept(path: Path) -> None:
    if path.suffix in (".py", ".js", ".css"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
