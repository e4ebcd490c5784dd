"""What teachers are told of each lesson is held to the lesson."""

import re
from pathlib import Path

import pytest

from stagedflow.course.exercise import exercises
from tests.unit.test_lessons import LESSONS, NOTEBOOKS, sources

INSTRUCTOR = NOTEBOOKS / "instructor"
SECTIONS = {
    title: text
    for title, _, text in (
        section.partition("\n")
        for section in re.split(r"^## ", (INSTRUCTOR / "lessons.md").read_text("utf-8"), flags=re.M)[1:]
    )
}
EACH_LESSON = pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)


def title_of(lesson: Path) -> str:
    return sources(lesson, "markdown")[0].splitlines()[0].removeprefix("# ")


def section_of(lesson: Path) -> str:
    return SECTIONS[title_of(lesson)]


def timing_of(lesson: Path) -> dict[str, int]:
    """The timing table: what the minutes are spent on -> minutes."""
    [table] = re.findall(r"^\| section \| minutes \|\n\|---\|---\|\n((?:\|.+\n)+)", section_of(lesson), re.M)
    return {row: int(minutes) for row, minutes in re.findall(r"^\| (.+) \| (\d+) \|$", table, re.M)}


def exercises_of(lesson: Path) -> list[str]:
    return [name for name, known in exercises().items() if known.lesson == lesson.name[:2]]


def test_there_is_a_section_for_each_lesson_in_order() -> None:
    assert list(SECTIONS) == [title_of(lesson) for lesson in LESSONS]


@EACH_LESSON
def test_the_minutes_add_up_to_the_lessons_time(lesson: Path) -> None:
    [minutes] = re.findall(r"Time: (\d+) minutes\.", "\n".join(sources(lesson, "markdown")))
    assert sum(timing_of(lesson).values()) == int(minutes)
    assert f"Lesson {lesson.name[:2]}, {minutes} minutes: [{lesson.name}](../{lesson.name})" in section_of(lesson)


@EACH_LESSON
def test_the_minutes_are_spent_on_sections_and_exercises_of_the_lesson(lesson: Path) -> None:
    headings = re.findall(r"^##+ (.+)$", "\n".join(sources(lesson, "markdown")), re.M)
    known = {"Opening", *headings, *(f"`{name}`" for name in exercises_of(lesson))}
    spent = [part for row in timing_of(lesson) for part in row.split("; ")]
    assert not set(spent) - known
    assert {f"`{name}`" for name in exercises_of(lesson)} <= set(spent)


@EACH_LESSON
def test_every_exercise_has_a_row_with_what_to_ask(lesson: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| .+ \| \"(.+)\" \|$", section_of(lesson), re.M)
    assert [name for name, _ in rows] == exercises_of(lesson)
    assert all("?" in question for _, question in rows)


@EACH_LESSON
def test_every_prediction_is_foreseen(lesson: Path) -> None:
    asked = re.findall(r"\bpredict\(\s*\"([\w-]+)\"", "\n".join(sources(lesson, "code")))
    told = re.findall(r"^\| `(\d\d-[\w-]+)` \| .+ \| .+ \|$", section_of(lesson), re.M)
    assert told == asked


@EACH_LESSON
def test_at_least_four_questions_are_answered(lesson: Path) -> None:
    marks = re.findall(r"^\*\*(Q|A):\*\* \S", section_of(lesson), re.M)
    assert len(marks) >= 8
    assert marks == ["Q", "A"] * (len(marks) // 2)


@EACH_LESSON
def test_a_lesson_with_exercises_links_to_its_solved_form(lesson: Path) -> None:
    assert (f"](solved/{lesson.name})" in section_of(lesson)) == bool(exercises_of(lesson))


@pytest.mark.parametrize("page", sorted(INSTRUCTOR.glob("*.md")), ids=lambda p: p.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
