"""An exercise is a folder of `exercises/`; nothing else knows which there are.

exercise.toml    lesson, number, title, pitfalls (numbers of the instructor's table), hints (two or more)
starter.py       what the notebook's cell holds
solution.py      what makes the check say "correct"
wrong_*.py       two or more; the first line `# gets: TEXT` is a part of the message that it must get
check.py         `async def check(trial) -> str`: the observation if it is right, or raises `Wrong`
"""

import ast
import difflib
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from stagedflow.errors import LabError

FOLDER = Path(__file__).with_name("exercises")
GETS = "# gets: "


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        name: Its folder's name.
        lesson: The two digits that its notebook's name begins with.
        number: Its place in the lesson, from 1.
        title: A few words, beginning with a verb.
        pitfalls: Numbers of the pitfalls (instructor/pitfalls.md) that it is aimed at.
        hints: Graded: the first gives least away.
        time_skipping: True if its check needs the time-skipping server.
    """

    name: str
    lesson: str
    number: int
    title: str
    pitfalls: tuple[int, ...]
    hints: tuple[str, ...]
    time_skipping: bool = False

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return FOLDER / self.name

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
        """Its check."""
        function: Callable[[Any], Awaitable[str]] = import_module(f"{__package__}.exercises.{self.name}.check").check
        return function

    def is_starter(self, source: str) -> bool:
        """True if the source does what the starter does: only comments and white space differ."""
        return _meaning(source) == _meaning(self.starter)


def _meaning(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError):
        return source


@cache
def exercises() -> dict[str, Exercise]:
    """Every exercise by name, in the order of the course."""
    found = []
    for path in FOLDER.glob("*/exercise.toml"):
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(
            Exercise(
                name=path.parent.name,
                lesson=told["lesson"],
                number=told["number"],
                title=told["title"],
                pitfalls=tuple(told["pitfalls"]),
                hints=tuple(hint.strip() for hint in told["hints"]),
                time_skipping=told.get("time_skipping", False),
            )
        )
    return {each.name: each for each in sorted(found, key=lambda e: (e.lesson, e.number))}


def exercise(name: str) -> Exercise:
    """The exercise of this name.

    Raises:
        LabError: There is none; the text names the nearest.
    """
    known = exercises()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
    raise LabError(f"There is no exercise {name!r}. {meant}")
