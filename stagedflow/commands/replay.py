"""The `stagedflow replay` command: a saved history against its code, as text and as a page."""

import argparse
import asyncio
import importlib
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from temporalio.converter import DataConverter
from temporalio.worker import Plugin, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from stagedflow.errors import LabError
from stagedflow.replay.definitions import definition_of, workflow_classes
from stagedflow.replay.saved.replayer import record_replay
from stagedflow.replay.trace import ReplayTrace
from stagedflow.replay.words import one_line

PARTED = 3
"""The exit code if the history could be read, but not be replayed to its end with this code."""


def run(args: argparse.Namespace) -> int:
    """The `stagedflow replay` command.

    Returns:
        0 if the history replayed to its end; `PARTED` if history and code part, or the code raises or never yields.

    Raises:
        LabError: The history, the code or the place for the page is no good.
    """
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does: the learner's modules are beside the history
    if args.html:
        _must_be_writable(Path(args.html), Path(args.history))
    workflows = [find_workflow(named) for named in args.workflow]
    options: dict[str, Any] = {"plugins": [_made(_find(name), Plugin, name) for name in args.plugin]}
    if args.converter:
        options["data_converter"] = _made(_find(args.converter), DataConverter, args.converter)
    if args.unsandboxed:
        options["workflow_runner"] = UnsandboxedWorkflowRunner()
    elif args.passthrough:
        restrictions = SandboxRestrictions.default.with_passthrough_modules(*args.passthrough)
        options["workflow_runner"] = SandboxedWorkflowRunner(restrictions=restrictions)
    trace = asyncio.run(record_replay(Path(args.history), workflows=workflows, workflow_id=args.workflow_id, **options))
    _print(tell(trace, table=args.text or not args.html))
    if args.html:
        from stagedflow.widgets.viewer.viewer import ReplayViewer

        _print(f"Saved {ReplayViewer(trace).save_html(args.html)}: open it in any browser.")
    # The interpreter aborts at exit when the SDK's threads are still settling (temporalio/sdk-python issue 300).
    time.sleep(0.05)
    return PARTED if trace.failure else 0


def tell(trace: ReplayTrace, *, table: bool) -> str:
    """What the command prints: the steps as a table, if wanted, and how the replay ended."""
    from stagedflow.widgets.escaping import for_terminal
    from stagedflow.widgets.viewer.table import text_table

    count = len(trace.steps)
    steps = f"{count} step{'' if count == 1 else 's'}"
    if trace.failure:
        end = f"The replay failed at step {trace.failure.step + 1} of {count}"
        end += " (why: see above)." if table else f": {trace.failure.text}"
    else:
        fit = "1 event fits" if len(trace.events) == 1 else f"{len(trace.events)} events fit"
        end = f"Replayed: the {fit} this code of {one_line(trace.workflow_type)}, in {steps}."
    return f"{text_table(trace)}\n\n{end}" if table else for_terminal("\n".join([*trace.notes, end]))


def _print(text: str) -> None:
    """Print it, with a ? for each sign that this terminal does not know."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except BrokenPipeError:  # as into `head`: whoever reads it has enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for what the interpreter still flushes at its end


def find_workflow(named: str) -> type:
    """The workflow class that `module:Class` names.

    Raises:
        LabError: There is no such module or class, or the module cannot be imported; says what there is.
    """
    module, name = _module_of(named, "names no class: write module:Class, such as stagedflow.staged:StagedWorkflow.")
    found: Any = getattr(module, name, None)
    if definition_of(found) is None:
        there = ", ".join(workflow_classes(module)) or "none"
        what = "has no" if found is None else "has no workflow"
        raise LabError(f"The module {module.__name__} {what} {name!r}. Its workflows: {there}.")
    return found  # type: ignore[no-any-return]


def _find(named: str) -> Any:
    """What `module:object` names."""
    module, name = _module_of(named, "names nothing: write module:object, such as my_package.client:converter.")
    if not hasattr(module, name):
        raise LabError(f"The module {module.__name__} has no {name!r}.")
    return getattr(module, name)


def _module_of(named: str, otherwise: str) -> tuple[ModuleType, str]:
    """The module of `module:name`, and the name in it; `otherwise` says what to write instead of another text."""
    module_name, colon, name = named.partition(":")
    if not (colon and module_name and name):
        raise LabError(f"{named!r} {otherwise}")
    return _import(module_name, name), name


def _made(found: Any, kind: type, named: str) -> Any:
    """The object of this kind, or the one that `found` makes when it is called."""
    if not isinstance(found, kind) and callable(found):
        try:
            found = found()
        except Exception as error:
            raise LabError(f"{named} could not be called: {type(error).__name__}: {error}.") from error
    if not isinstance(found, kind):
        raise LabError(f"{named} is a {type(found).__name__}, and no {kind.__name__} of Temporal's SDK.")
    return found


def _import(name: str, class_name: str) -> ModuleType:
    if name.endswith(".py") or "/" in name or "\\" in name:
        path = Path(name).with_suffix("")
        parts = ".".join(part for part in path.parts if part not in (".", "/"))
        raise LabError(f"{name!r} is a file's name; name its module, from this folder: {parts}:{class_name}.")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise LabError(
                f"There is no module {name!r}: {error}. It is looked for in this folder and in this Python's packages."
            ) from error
        raise LabError(f"The module {name} could not be imported: {error}. Is it installed in this Python?") from error
    except (Exception, SystemExit) as error:
        raise LabError(f"The module {name} could not be imported: {type(error).__name__}: {error}.") from error


def _must_be_writable(path: Path, history: Path) -> None:
    """Say it before the replay, not after it; and never write over the history, or over a file that is no page."""
    if path.exists() and history.exists() and path.samefile(history):
        raise LabError(f"--html {str(path)!r} is the history itself: name another file for the page.")
    if path.is_file() and path.suffix.lower() not in (".html", ".htm"):
        raise LabError(f"--html {str(path)!r} is there already, and is no .html file: name another file for the page.")
    if path.is_dir():
        raise LabError(f"--html {str(path)!r} is a folder: name a file in it.")
    if not path.parent.is_dir():
        raise LabError(f"--html {str(path)!r}: there is no folder {str(path.parent)!r}.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise LabError(f"--html {str(path)!r} cannot be written: permission denied.")
