"""What the lessons promise about themselves, read off their files."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
LINES = {
    "Signal stage": r"\.signal\(StagedWorkflow\.advance_stage, ",
    "Crash worker": r"\.crash\(\)",
    "Start worker": r"\.start_worker\(",
    "Stop worker": r"\.stop\(\)",
    "Skip the sticky wait": r"\.skip_sticky_wait\(",
    "Shorten start-to-close": r"\.shorten_start_to_close\(",
    "Replay": r"ReplayViewer\(",
}


def sources(lesson: Path, kind: str) -> list[str]:
    cells = json.loads(lesson.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def test_the_script_of_lesson_01_is_the_cell_unchanged() -> None:
    script = (NOTEBOOKS / "staged_script.py").read_text().strip()
    assert "asyncio.run(main())" in script
    assert script in sources(NOTEBOOKS / "01_run_a_staged_workflow.ipynb", "code")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_says_what_it_needs_and_ends_with_a_living_panel(lesson: Path) -> None:
    prose = "\n".join(sources(lesson, "markdown"))
    assert all(words in prose for words in ("**You will**", "**You learn**", "**You need**", "Time: "))
    assert "## Your turn" in prose
    [minutes] = re.findall(r"Time: (\d+) minutes\.", prose)
    assert int(minutes) >= 5
    assert sources(lesson, "code")[-1].endswith("StagePanel(lab, handle)")


@pytest.mark.parametrize("lesson", [p for p in LESSONS if p.name >= "03"], ids=lambda p: p.stem)
def test_a_lesson_predicts_reveals_practises_and_recaps(lesson: Path) -> None:
    code = "\n".join(sources(lesson, "code"))
    assert len(re.findall(r"\bpredict\($|\bpredict\(\S", code, re.M)) >= 2
    assert len(re.findall(r"\.reveal\(", code)) == len(re.findall(r"= predict\(", code))
    assert not re.search(r"\.reveal\(\s*([\"'])[^\"']*\1\s*\)", code), "what was measured is computed, never typed"
    assert len(re.findall(r"^%%exercise ", code, re.M)) >= 2
    for name in re.findall(r"^%%exercise (\w+)", code, re.M):
        assert f'hint("{name}")' in code
    assert "## Recap" in "\n".join(sources(lesson, "markdown"))


@pytest.mark.parametrize("button", LINES)
def test_each_button_that_a_lesson_names_is_a_line_of_code_there(button: str) -> None:
    naming = [
        lesson
        for lesson in LESSONS
        if any(
            re.search(rf"(\*\*{button}|# (button: )?{button})", text)
            for text in sources(lesson, "markdown") + sources(lesson, "code")
        )
    ]
    assert naming, f"no lesson names the button {button!r}"
    for lesson in naming:
        assert re.search(LINES[button], "\n".join(sources(lesson, "code"))), lesson.name
