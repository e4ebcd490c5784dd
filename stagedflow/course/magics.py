"""The cell magics: `%%exercise NAME` for an answer, `%%module NAME` for other code that a worker must import."""

import contextlib
import re
import sys
from collections.abc import Callable
from concurrent.futures import Future
from importlib import import_module
from typing import Any

from stagedflow.background import submit
from stagedflow.course.attempt import Attempt, attempt_of
from stagedflow.course.exercise import exercise
from stagedflow.course.where import exercises_folder
from stagedflow.errors import LabError

attempts: dict[str, Attempt] = {}
"""The answer of each exercise as this kernel ran it last."""


def register(shell: Any = None) -> None:
    """Give the notebook the magics, and the modules beside its exercises; outside a notebook, do nothing."""
    if shell is None:
        ipython = sys.modules.get("IPython")  # a notebook has it; nothing else needs to load it
        shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        with contextlib.suppress(LabError):  # a check says it, with where it was looked for
            exercises_folder()
        for name, magic in (("exercise", run_exercise), ("module", run_module)):
            shell.register_magic_function(_said(magic, shell), "cell", name)


def run_exercise(name: str, source: str) -> tuple[Attempt, str]:
    """Take an answer: it is kept, looked at, and can be checked.

    Raises:
        LabError: There is no such exercise, or the cell cannot be kept.
    """
    known = exercise(name)
    attempt = waited(submit(attempt_of(name, source)))
    attempts[name] = attempt
    if known.is_starter(source):
        return attempt, f'{name}: this is the starter. Change it, run the cell, then check("{name}").'
    return attempt, accepted(name, attempt)


def accepted(name: str, attempt: Attempt) -> str:
    """What is said of an answer that can be checked."""
    return f'{name}: {_contents(attempt)}. Now: check("{name}")'


def run_module(name: str, source: str) -> tuple[Attempt, str]:
    """Make a cell a module that any worker can import.

    Raises:
        LabError: The name is none, or the cell cannot be kept.
    """
    if not re.fullmatch(r"[A-Za-z]\w{0,40}", name):
        raise LabError(f"%%module takes a name made of letters, digits and _; {name!r} is not.")
    attempt = waited(submit(attempt_of(name, source, magic="module")))
    return attempt, f"{name}: {_contents(attempt)}"


def waited(future: "Future[Any]") -> Any:
    """The result of work on the lab's loop; an interrupted cell cancels it."""
    try:
        return future.result()
    except KeyboardInterrupt:
        future.cancel()
        raise


def _said(magic: Callable[[str, str], tuple[Attempt, str]], shell: Any) -> Callable[[str, str], None]:
    """The magic as IPython calls it: errors in words, and the cell's names in the notebook."""

    def run(line: str, cell: str) -> None:
        try:
            attempt, said = magic(line.strip(), cell)
        except LabError as error:
            print(f"✗ {error}")
            return
        if attempt.trouble:
            print(f"✗ This cell cannot be imported. {_with_line(attempt)}")
            return
        folder = str(attempt.path.parent)
        if folder not in sys.path:
            sys.path.append(folder)  # where the lab's workers look, too
        try:
            names = vars(import_module(attempt.module))
        except Exception as error:
            print(f"✗ This cell cannot be imported here: {type(error).__name__}: {error}")
            return
        shell.push({name: value for name, value in names.items() if not name.startswith("_")})
        print(said)

    run.__doc__ = magic.__doc__
    return run


def _contents(attempt: Attempt) -> str:
    parts = [
        f"{kind} {', '.join(names)}"
        for kind, names in (
            ("workflow" if len(attempt.workflows) == 1 else "workflows", [w.name for w in attempt.workflows]),
            ("activity" if len(attempt.activities) == 1 else "activities", attempt.activities),
        )
        if names
    ]
    return "; ".join(parts) or "no workflow and no activity in it"


def _with_line(attempt: Attempt) -> str:
    """The trouble, and the line of the cell that it names."""
    found = re.match(r"line (\d+)", attempt.trouble)
    lines = attempt.path.read_text(encoding="utf-8").splitlines()
    number = int(found[1]) if found else 0
    shown = f"\n{number:>6} | {lines[number - 1]}" if 0 < number <= len(lines) else ""
    return f"{attempt.trouble[:1].upper()}{attempt.trouble[1:]}{shown}"
