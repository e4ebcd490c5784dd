"""The scripts that the widgets load, put together from ES modules."""

import re
from importlib.resources import files

import pytest

from stagedflow.widgets.assets import ScriptError, put_together, script

VIEWER = "stagedflow.widgets.viewer"
MODULES = {
    file.name.removesuffix(".js"): file.read_text(encoding="utf-8")
    for file in files(VIEWER).joinpath("static").iterdir()
    if file.name.endswith(".js")
}
ENTRIES = ["widget", "page"]
LOW = 'export const one = 1;\nconst own = "low";\n'
HIGH = 'import { one } from "./low.js";\n\nconst own = "high";\nexport function two() { return one + 1; }\n'
MAIN = 'import { two } from "./high.js";\nimport { one } from "./low.js";\n\nexport default { one, two };\n'


def test_modules_become_one_script_in_which_each_keeps_its_own_names() -> None:
    assert put_together({"main": MAIN, "high": HIGH, "low": LOW, "unused": "broken("}, "main") == (
        'const $low = (() => {\nconst one = 1;\nconst own = "low";\nreturn { one };\n})();\n\n'
        'const $high = (() => {\nconst { one } = $low;\n\nconst own = "high";\n'
        "function two() { return one + 1; }\nreturn { two };\n})();\n\n"
        "const { two } = $high;\nconst { one } = $low;\n\nexport default { one, two };\n"
    )


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ({"main": 'import { a } from "./gone.js";\n'}, "There is no module gone.js."),
        (
            {"main": 'import { own } from "./low.js";\n', "low": LOW},
            "main.js imports own from low.js, which does not export it.",
        ),
        (
            {"main": 'import { a } from "./a.js";\n', "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
             "b": 'import { a } from "./a.js";\nexport const b = 1;\n'},
            "These modules import each other: ",
        ),
        (
            {"main": 'import * as low from "./low.js";\n', "low": LOW},
            'main.js has an import or export of a form that is not known: import * as low from "./low.js";',
        ),
        (
            {"main": 'import { one } from "./low.js";\n', "low": LOW + "export { own };\n"},
            "low.js has an import or export of a form that is not known: export { own };",
        ),
        (
            {"main": 'import { a } from "./low.js";\n', "low": "export const [a, b] = [1, 2];\n"},
            "main.js imports a from low.js, which does not export it.",
        ),
        (
            {"main": 'import { one } from "./low.js";\n', "low": LOW + "export default one;\n"},
            "low.js has an import or export of a form that is not known: export default one;",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_put_together_is_told_in_one_sentence(modules: dict[str, str], words: str) -> None:
    with pytest.raises(ScriptError) as error:
        put_together(modules, "main")
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_script_holds_each_module_once_and_after_what_it_imports(entry: str) -> None:
    text = script(VIEWER, entry)
    order = re.findall(r"^const \$(\w+) = \(\(\) => \{$", text, re.M)
    assert sorted(order) == sorted(set(MODULES) - set(ENTRIES))
    for place, name in enumerate(order):
        assert set(re.findall(r'from "\./(\w+)\.js"', MODULES[name])) <= set(order[:place])


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_script_imports_nothing_and_exports_only_what_a_notebook_calls(entry: str) -> None:
    left = re.findall(r"^[ \t]*(?:import|export)\b.*$", script(VIEWER, entry), re.M)
    assert left == (["export default { render };"] if entry == "widget" else [])


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_script_is_the_same_whatever_the_order_of_the_files(entry: str) -> None:
    assert put_together(dict(reversed(MODULES.items())), entry) == put_together(MODULES, entry) == script(VIEWER, entry)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_is_short_and_uses_all_that_it_imports(name: str) -> None:
    assert len(MODULES[name].splitlines()) <= 250
    body = re.sub(r"^import .*$", "", MODULES[name], flags=re.M)
    for wanted in re.findall(r"^import \{ (.+) \} from", MODULES[name], re.M):
        assert [one for one in wanted.split(", ") if not re.search(rf"\b{one}\b", body)] == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_a_module_exports_is_imported_by_another(name: str) -> None:
    others = "".join(text for other, text in MODULES.items() if other != name)
    imported = re.findall(rf"^import \{{ (.+) \}} from \"\./{name}\.js\"", others, re.M)
    exported = set(re.findall(r"^export (?:class|function|const) (\w+)", MODULES[name], re.M))
    assert exported == {one for wanted in imported for one in wanted.split(", ")}
