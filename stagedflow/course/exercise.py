"""An exercise is a folder of the course's `exercises/`; nothing else knows which there are.

exercise.toml    lesson, number, title, pitfalls (numbers of the instructor's table), hints (two or more)
starter.py       what the notebook's cell holds
solution.py      what makes the check say "correct"
wrong_*.py       two or more; the first line `# gets: TEXT` is a part of the message that it must get
check.py         `async def check(trial) -> str`: the observation if it is right, or raises `Wrong`
"""

import ast
import contextlib
import difflib
import os
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from stagedflow.course.where import exercises_folder
from stagedflow.errors import LabError

GETS = "# gets: "


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        folder: Where its files are.
        lesson: The two digits that its notebook's name begins with.
        number: Its place in the lesson, from 1.
        title: A few words, beginning with a verb.
        pitfalls: Numbers of the pitfalls (instructor/pitfalls.md) that it is aimed at.
        hints: Graded: the first gives least away.
        time_skipping: True if its check needs the time-skipping server.
    """

    folder: Path
    lesson: str
    number: int
    title: str
    pitfalls: tuple[int, ...]
    hints: tuple[str, ...]
    time_skipping: bool = False

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.folder.name

    @cached_property
    def starter(self) -> str:
        """What the notebook's cell holds below its first line."""
        return (self.folder / "starter.py").read_text(encoding="utf-8")

    @cached_property
    def solution(self) -> str:
        """One right answer."""
        return (self.folder / "solution.py").read_text(encoding="utf-8")

    @property
    def wrong(self) -> dict[str, tuple[str, str]]:
        """Name -> (source, a part of the message that it must get) of each wrong answer."""
        found = {}
        for path in sorted(self.folder.glob("wrong_*.py")):
            first, _, source = path.read_text(encoding="utf-8").partition("\n")
            found[path.stem] = (source, first.removeprefix(GETS))
        return found

    @property
    def check(self) -> Callable[[Any], Awaitable[str]]:
        """Its check.

        Raises:
            LabError: A package of the same name was imported before the course's `exercises`.
        """
        package = import_module("exercises")
        if str(self.folder.parent) not in map(os.path.abspath, package.__path__):
            raise LabError(
                f"The name 'exercises' means {', '.join(package.__path__)} in this kernel, not {self.folder.parent}. "
                "Rename that package or restart the kernel, and import from stagedflow.course first."
            )
        function: Callable[[Any], Awaitable[str]] = import_module(f"exercises.{self.name}.check").check
        return function

    def is_starter(self, source: str) -> bool:
        """True if the source does what the starter does: only comments and white space differ."""
        return _meaning(source) == _meaning(self.starter)


def _meaning(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError):
        return source


def exercises() -> dict[str, Exercise]:
    """Every exercise by name, in the order of the course; without those whose exercise.toml cannot be read.

    Raises:
        LabError: The folder of exercises was not found.
    """
    return _all_in(exercises_folder())


@cache
def _all_in(folder: Path) -> dict[str, Exercise]:
    found = []
    for path in folder.glob("*/exercise.toml"):
        with contextlib.suppress(LabError):
            found.append(read_exercise(path.parent))
    return {each.name: each for each in sorted(found, key=lambda e: (e.lesson, e.number))}


def read_exercise(folder: Path) -> Exercise:
    """The exercise of this folder.

    Raises:
        LabError: A file is missing, or its exercise.toml is no TOML or lacks a key; the text names file and key.
    """
    for needed in ("exercise.toml", "starter.py", "solution.py", "check.py"):
        if not (folder / needed).is_file():
            raise LabError(f"{folder / needed} is missing: every exercise needs it.")
    path = folder / "exercise.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(f"{path} cannot be read: {error}") from None

    def value(key: str, kind: type, default: Any = None) -> Any:
        found = told.get(key, default)
        if type(found) is not kind:  # to isinstance, true is a number
            raise LabError(f"{path}: the key {key!r} must be there, as a {_KINDS[kind]}.")
        return found

    def values(key: str, kind: type) -> tuple[Any, ...]:
        found = value(key, list)
        if not found or any(type(each) is not kind for each in found):
            raise LabError(f"{path}: the key {key!r} must be a list of one {_KINDS[kind]} or more.")
        return tuple(found)

    return Exercise(
        folder=folder,
        lesson=value("lesson", str),
        number=value("number", int),
        title=value("title", str),
        pitfalls=values("pitfalls", int),
        hints=tuple(hint.strip() for hint in values("hints", str)),
        time_skipping=value("time_skipping", bool, False),
    )


_KINDS = {str: "text", int: "number", list: "list", bool: "truth value (true or false)"}


def exercise(name: str) -> Exercise:
    """The exercise of this name.

    Raises:
        LabError: There is none, and the text names the nearest; or it cannot be read, or the folder was not found.
    """
    name, known = str(name), exercises()
    if name in known:
        return known[name]
    if name.isidentifier() and (exercises_folder() / name).is_dir():
        return read_exercise(exercises_folder() / name)  # says what is wrong with it
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
    raise LabError(f"There is no exercise {name!r}. {meant}")
