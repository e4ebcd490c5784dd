"""What the widgets load in a browser: texts that lie beside their code, and ES modules put together into one script."""

import re
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files

_IMPORT = re.compile(r'^import \{ (.+) \} from "\./([a-z]+)\.js";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:class|function|const) ([\w$]+))", re.M)


class ScriptError(Exception):
    """Modules that cannot be put together; the message is one sentence."""


def asset_text(package: str, *path: str) -> str:
    """The text of a file in a package, such as `asset_text("stagedflow.widgets.panel", "panel.css")`."""
    return files(package).joinpath(*path).read_text(encoding="utf-8")


@cache
def script(package: str, entry: str) -> str:
    """One script of the module `entry` and of all that it imports, from the `static` folder of a package.

    Raises:
        ScriptError: The modules cannot be put together.
    """
    modules = {
        file.name.removesuffix(".js"): file.read_text(encoding="utf-8")
        for file in files(package).joinpath("static").iterdir()
        if file.name.endswith(".js")
    }
    return put_together(modules, entry)


def put_together(modules: Mapping[str, str], entry: str) -> str:
    """One script of the module `entry` and of all that it imports, each once, after those that it imports itself.

    A module other than the entry becomes a function that is called at once and gives what the module exports: its
    other names stay its own, and it sees only what it imports, as in a browser that loads the modules one by one.
    Two forms are known, each at the start of a line: `import { a, b } from "./other.js";` on one line, and `export`
    before `class`, `function` or `const NAME`. The entry may also `export default`.

    Args:
        modules: The text of each module, by its name without ".js".
        entry: The name of the module to begin with.

    Raises:
        ScriptError: A module is missing, is written in another form, imports what is not exported, or imports itself
            through others.
    """
    parts = []
    for name in _in_order(modules, entry):
        text = _IMPORT.sub(lambda found: f"const {{ {found[1]} }} = ${found[2]};\n", modules[name])
        if name != entry:
            exports = ", ".join(_EXPORT.findall(text))
            text = f"const ${name} = (() => {{\n{_EXPORT.sub('', text)}return {{ {exports} }};\n}})();\n"
        parts.append(text)
    return "\n".join(parts)


def _in_order(modules: Mapping[str, str], entry: str) -> list[str]:
    """The modules that `entry` needs, each after its own imports, itself last."""
    graph: dict[str, list[str]] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in graph:
            graph[name] = _imports(modules, name, entry)
            waiting.extend(graph[name])
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ScriptError(f"These modules import each other: {', '.join(error.args[1])}.") from None


def _imports(modules: Mapping[str, str], name: str, entry: str) -> list[str]:
    """The modules that one imports, after a look at whether it is written in the known forms."""
    if name not in modules:
        raise ScriptError(f"There is no module {name}.js.")
    text = _EXPORT.sub("", _IMPORT.sub("", modules[name]))
    if name == entry:
        text = text.replace("\nexport default ", "\n")
    if strange := re.search(r"^[ \t]*(?:import|export)\b.*", text, re.M):
        raise ScriptError(f"{name}.js has an import or export of a form that is not known: {strange[0].strip()}")
    imports = _IMPORT.findall(modules[name])
    for wanted, other in imports:
        exported = _EXPORT.findall(modules.get(other, ""))
        if other in modules and (missing := [one for one in wanted.split(", ") if one not in exported]):
            raise ScriptError(f"{name}.js imports {missing[0]} from {other}.js, which does not export it.")
    return [other for _, other in imports]
