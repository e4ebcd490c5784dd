"""What the learner has done so far, read from the file that only they have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagedflow.course import progress_file
from stagedflow.course.exercise import exercises
from stagedflow.course.outcome import CORRECT, NOT_ATTEMPTED, SIGNS
from stagedflow.errors import LabError
from stagedflow.widgets.escaping import escape, for_terminal

_LEFT = "style='text-align:left'"


@dataclass(frozen=True)
class LessonProgress:
    """One lesson: its exercises and how each stands, and how many predictions were made in it."""

    lesson: str
    exercises: Mapping[str, str]
    predictions: int

    @property
    def words(self) -> str:
        """How many of its exercises are correct."""
        done = sum(status == CORRECT for status in self.exercises.values())
        return f"{done} of {len(self.exercises)}"


@dataclass(frozen=True, repr=False)
class Progress:
    """All lessons that have exercises.

    Attributes:
        lessons: In the order of the course.
        trouble: Why nothing can be kept, in words, or "".
    """

    lessons: tuple[LessonProgress, ...]
    trouble: str = ""

    def __repr__(self) -> str:
        rows = [("lesson", "correct", "predictions", "exercises"), *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        table = "\n".join(
            "  ".join(f"{v:<{w}}" for v, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
        )
        return for_terminal("\n".join(filter(None, [table, self.trouble])))

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col' {_LEFT}>{h}</th>" for h in ("lesson", "correct", "predictions", "exercises"))
        body = "".join(
            f"<tr><th scope='row' {_LEFT}>{escape(first)}</th>"
            f"{''.join(f'<td {_LEFT}>{escape(each)}</td>' for each in rest)}</tr>"
            for first, *rest in self._rows()
        )
        note = f"<p role='alert'>{escape(self.trouble)}</p>" if self.trouble else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (each.lesson, each.words, str(each.predictions), ", ".join(_told(n, s) for n, s in each.exercises.items()))
            for each in self.lessons
        ]


def progress() -> Progress:
    """How far the learner is, from `.stagedflow/progress.json` beside the notebooks. Nothing is sent anywhere."""
    told = progress_file.read()
    found: dict[str, dict[str, str]] = {}
    try:
        known_exercises = exercises()
    except LabError as error:
        return Progress((), str(error))
    for name, known in known_exercises.items():
        found.setdefault(known.lesson, {})[name] = _status(told["exercises"].get(name, {}))
    made = [id[:2] for id, entry in told["predictions"].items() if entry.get("answer")]
    return Progress(
        tuple(LessonProgress(lesson, entries, made.count(lesson)) for lesson, entries in sorted(found.items())),
        progress_file.trouble(),
    )


def _status(entry: Mapping[str, Any]) -> str:
    status = entry.get("best", NOT_ATTEMPTED)
    return status if isinstance(status, str) else NOT_ATTEMPTED


def _told(name: str, status: str) -> str:
    sign = f"{SIGNS[status]} " if status in SIGNS else ""
    return name if status == NOT_ATTEMPTED else f"{sign}{name} ({status})"
