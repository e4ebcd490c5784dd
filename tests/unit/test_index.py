"""The index says of each lesson what the lesson says of itself."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.test_lessons import LESSONS, NOTEBOOKS, sources

INDEX = "\n".join(sources(NOTEBOOKS / "index.ipynb", "markdown"))
ROWS = {
    file: (title, time, needs)
    for title, file, time, needs in re.findall(r"^\| \[(.+?)\]\((.+?)\) \| .+? \| (.+?) \| (.+?) \|$", INDEX, re.M)
}

README = NOTEBOOKS.parent / "README.md"


def test_it_lists_every_lesson_in_order() -> None:
    assert list(ROWS) == [lesson.name for lesson in LESSONS]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_title_time_and_needs_are_the_lessons_own(lesson: Path) -> None:
    title, time, needs = ROWS[lesson.name]
    first = sources(lesson, "markdown")[0]
    number = lesson.name[:2]
    if number != "00":
        assert first.splitlines()[0] == f"# {title.removeprefix(number).strip()}"
    [minutes] = re.findall(r"Time: (\d+) minutes\.", first)
    assert time == f"{minutes}\N{NO-BREAK SPACE}min", "between number and unit stands a no-break space"
    assert re.search(rf"^\| `{lesson.stem}` \| .+ \| {minutes} min \|$", README.read_text(encoding="utf-8"), re.M), (
        f"the README's table does not give {lesson.stem} {minutes} min"
    )
    needed = re.findall(r"\*\*You need\*\*([^.]+)\.", first)[0]
    assert all(each in needed for each in re.findall(r"\d\d", needs)), needed


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", INDEX):
        assert (NOTEBOOKS / target).exists(), target


def test_it_shows_what_was_done_so_far() -> None:
    code = [json.dumps(source) for source in sources(NOTEBOOKS / "index.ipynb", "code")]
    assert any("progress()" in source for source in code)
