"""Run notebooks, save outputs: ``python -m tests.notebooks.build [--check] [NOTEBOOK...]``.

A lesson with exercises is saved twice: as the learner gets it, and solved, for its teacher.

Saved is what a fresh kernel gave, less what differs between runs and means nothing: widget models,
timings, counters. A cell whose outputs differ from the saved ones in pids and ports only keeps
those it had, so that building twice gives the same bytes.
"""

import argparse
import difflib
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import ipykernel.kernelspec
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from . import saved, solved

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SECONDS_A_CELL = 300
CHECKS = re.compile(r'^check\("', re.MULTILINE)


class BuildError(Exception):
    """A notebook could not be run to its end; the message names the cell."""


class _ThisPython(KernelSpecManager):
    """Whatever kernels a user has installed, the one that runs is this very Python."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        spec = ipykernel.kernelspec.get_kernel_dict()
        return KernelSpec(resource_dir=ipykernel.kernelspec.RESOURCES, **spec)


class _Manager(AsyncKernelManager):
    """A class, as nbclient shuts only those kernels down whose manager it has made itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "kernel_spec_manager": _ThisPython()})


def build(path: Path, *, to: Path | None = None) -> None:
    """Run the notebook at ``path`` and save it there; with ``to`` its solved form, saved there.

    If a cell fails, the file stays as it is.

    Raises:
        BuildError: a cell raised, took too long, or killed its kernel; or a solution is not correct.
    """
    notebook = saved.read(path)
    if to:
        solved.solve(notebook)
    earlier = saved.read(to or path) if (to or path).exists() else notebook
    before = {cell.id: cell.outputs for cell in saved.code_cells(earlier)}
    _run(notebook, cwd=path.parent)
    if to:
        _must_be_correct(notebook)
    _normalize(notebook, before)
    (to or path).parent.mkdir(parents=True, exist_ok=True)
    saved.write(notebook, to or path)


def _run(notebook: NotebookNode, *, cwd: Path) -> None:
    started = []
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        kernel_manager_class=_Manager,
        extra_arguments=["--log-level=ERROR"],  # it warns that loopback is not encrypted
        timeout=SECONDS_A_CELL,
        resources={"metadata": {"path": str(cwd)}},
        record_timing=False,
        store_widget_state=False,
        force_raise_errors=True,  # no tag excuses an error in a lesson
        on_cell_start=lambda cell, cell_index: started.append(f"cell {cell_index}, id {cell.id}"),
    )
    with tempfile.TemporaryDirectory() as home:  # no start-up files, no history, no progress of anybody's
        try:
            client.execute(env={**os.environ, "IPYTHONDIR": home, "STAGEDFLOW_HOME": home})
        except Exception as error:
            where = started[-1] if started else "before the first cell"
            raise BuildError(f"{where}: {type(error).__name__}\n{error}") from error


def _must_be_correct(notebook: NotebookNode) -> None:
    for cell in saved.code_cells(notebook):
        if CHECKS.search(cell.source):
            [said] = [output.data["text/plain"] for output in cell.outputs if "data" in output]
            if ": correct" not in said.partition("\n")[0]:
                raise BuildError(f"the solution in the exercise's folder is not correct: {said}")


def _normalize(notebook: NotebookNode, before: dict[str, list[NotebookNode]]) -> None:
    notebook.metadata.pop("widgets", None)
    notebook.metadata.update(kernelspec=KERNEL, language_info={"name": "python"})
    count = 0
    for cell in notebook.cells:
        for timing in ("execution", "ExecuteTime"):
            cell.metadata.pop(timing, None)
        if cell.cell_type != "code":
            continue
        if ".reveal(" in cell.source:
            # JupyterLab shows it again when the cell is run: nobody reads the answer before the prediction.
            cell.metadata.setdefault("jupyter", {})["outputs_hidden"] = True
        outputs = _plain(cell.outputs)
        cell.outputs = before[cell.id] if saved.same(before.get(cell.id, []), outputs) else outputs
        if cell.execution_count is None:  # an empty cell, which is not run
            continue
        cell.execution_count = count = count + 1
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count


def _plain(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs without widget models, neighbouring pieces of a stream joined."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)
            output.metadata.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def check(path: Path, *, to: Path | None = None) -> str:
    """Build a copy, beside copies of its neighbours. Returns how it differs from what is saved."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(path.parent, Path(folder, "notebooks")))
        copies = [root / each.relative_to(path.parent) if each else None for each in (path, to)]
        build(copies[0], to=copies[1])
        old, new = (
            each.read_text(encoding="utf-8").splitlines(True) if each.exists() else []
            for each in (to or path, copies[1] or copies[0])
        )
    return "".join(difflib.unified_diff(old, new, f"saved/{path.name}", f"built/{path.name}"))


def _forms(path: Path) -> list[Path | None]:
    """Where it is saved: in its own place, and solved in the teachers' folder if it has exercises."""
    return [None, solved.solved_path(path)] if solved.exercises_in(saved.read(path)) else [None]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.build")
    parser.description = "Run notebooks from top to bottom, and save them with their outputs."
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all")
    parser.add_argument("--check", action="store_true", help="save nothing; fail if a build would")
    options = parser.parse_args()
    failed = False
    lessons = [path.resolve() for path in options.notebooks or saved.NOTEBOOKS]
    if missing := [str(path) for path in options.notebooks if not path.is_file()]:
        parser.error(f"there is no notebook {', '.join(missing)}; one is named by its path, notebooks/….ipynb")
    for path, to in ((lesson, form) for lesson in lessons for form in _forms(lesson)):
        begin = time.monotonic()
        try:
            trouble = check(path, to=to) if options.check else build(path, to=to)
        except BuildError as error:
            trouble = str(error)
        seconds = time.monotonic() - begin
        name = f"{path.name}{' (solved)' if to else ''}"
        print(f"{name}: {'FAILED' if trouble else 'ok'} in {seconds:.1f} s", flush=True)
        if trouble:
            print(trouble, file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
