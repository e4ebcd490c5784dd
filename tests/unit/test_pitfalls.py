"""The teachers' table of pitfalls is held to the lessons and the exercises."""

import re

import pytest

from stagedflow.course.exercise import exercises
from tests.unit.test_lessons import NOTEBOOKS, sources

TABLE = (NOTEBOOKS / "instructor" / "pitfalls.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", TABLE, re.M)


def words_of(lesson: str) -> str:
    """All that a lesson's reader sees, its white space folded."""
    path = NOTEBOOKS / lesson
    return " ".join(" ".join(sources(path, "markdown") + sources(path, "code")).split())


def test_it_has_all_twenty() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 21))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_is_met_where_the_table_says(row: tuple[str, ...]) -> None:
    number, _, lesson, words, named = row
    [target] = re.findall(r"\]\(\.\./(.+?)\)", lesson)
    assert words.strip("“”") in words_of(target), f"{target} does not say {words}"
    aimed = [name for name, known in exercises().items() if int(number) in known.pitfalls]
    assert re.findall(r"`(\w+)`", named) == aimed


def test_each_is_met_by_a_lesson_and_most_by_an_exercise() -> None:
    aimed = {number for known in exercises().values() for number in known.pitfalls}
    assert len(aimed) >= 12
