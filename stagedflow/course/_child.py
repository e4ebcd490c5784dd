"""What runs a learner's code outside the kernel: `python -m stagedflow.course._child REPORT_FD TASK ARGUMENT...`.

There it may hang, flood, exit or take all memory: its parent ends it, and the limits hold it until then.

    look MODULE                  imports a module and says what is in it
    replay MODULE CLASS HISTORY  replays a history file against a class of it, and gives the trace
    run ARGUMENT...              runs `python ARGUMENT...`
"""

import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from stagedflow.lab.limits import limit_resources


def look(name: str) -> dict[str, Any]:
    """What the module has: its workflows with their handlers' names and its activities; or the error that it raised."""
    from stagedflow.replay._sdk import ACTIVITY_DEFINITION
    from stagedflow.replay.definitions import definition_of

    try:
        module = import_module(name)
    except BaseException as error:  # SystemExit, too: it is the learner's
        spec = find_spec(name)
        text = traceback.format_exception_only(error)[-1].strip()
        return {"error": text, "line": _line(error, (spec and spec.origin) or "")}
    own = [value for value in vars(module).values() if getattr(value, "__module__", None) == name]
    defined = [(value, d) for value in own if (d := definition_of(value)) is not None]
    return {
        "workflows": [
            {
                "name": cls.__name__,
                "type": d.name,
                **{kind: [n for n in getattr(d, kind) if n] for kind in ("signals", "queries", "updates")},
            }
            for cls, d in defined
        ],
        "activities": [value.__name__ for value in own if hasattr(value, ACTIVITY_DEFINITION)],
    }


def _line(error: BaseException, file: str) -> int | None:
    """The line of the learner's own file that raised."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    frames = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return frames[-1] if frames else None


def replay(name: str, cls: str, history: str) -> dict[str, Any]:
    """The trace of a replay, or why there is none."""
    import asyncio

    from stagedflow.errors import LabError
    from stagedflow.replay.saved.replayer import record_replay

    try:
        trace = asyncio.run(record_replay(history, workflows=[getattr(import_module(name), cls)]))
    except LabError as error:
        return {"error": str(error)}
    return {"trace": trace.to_json()}


def run(*arguments: str) -> None:
    """Become `python ARGUMENT...`, in this process and under its limits."""
    sys.argv = list(arguments)
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def main(report_fd: str, task: str, *arguments: str) -> None:
    """Do one task, report its result as JSON, and leave without the interpreter's own clean-up."""
    limit_resources()
    os.set_inheritable(int(report_fd), False)
    code = 0
    try:
        tasks: dict[str, Callable[..., Any]] = {"look": look, "replay": replay, "run": run}
        told = tasks[task](*arguments)
        with os.fdopen(int(report_fd), "w") as report:
            json.dump(told, report)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # the SDK's threads can abort an interpreter that shuts down (temporalio/sdk-python issue 300)


if __name__ == "__main__":
    main(*sys.argv[1:])
