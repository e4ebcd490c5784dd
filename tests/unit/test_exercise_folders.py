"""What every exercise's folder promises, so that adding one is adding a folder."""

import ast

import pytest

from stagedflow.course.exercise import GETS, exercise, exercises
from stagedflow.course.where import exercises_folder
from stagedflow.errors import LabError

each_exercise = pytest.mark.parametrize("name", exercises())
PITFALLS = range(1, 21)


def test_every_folder_is_an_exercise() -> None:
    folders = {path.name for path in exercises_folder().iterdir() if path.is_dir() and path.name != "__pycache__"}
    for folder in folders:
        exercise(folder)  # says what is wrong with it
    assert folders == set(exercises())
    assert len(folders) >= 16


def test_lessons_02_to_09_have_exercises_numbered_from_1() -> None:
    numbers: dict[str, list[int]] = {}
    for known in exercises().values():
        numbers.setdefault(known.lesson, []).append(known.number)
    assert set(numbers) == {f"{n:02}" for n in range(2, 10)}
    for lesson, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), lesson


@each_exercise
def test_it_has_a_title_hints_and_pitfalls(name: str) -> None:
    known = exercise(name)
    assert known.title and known.title[0].isupper() and not known.title.endswith(".")
    assert len(known.hints) >= 2
    assert len(set(known.hints)) == len(known.hints)
    assert known.pitfalls
    assert set(known.pitfalls) <= set(PITFALLS)
    solution_lines = {line.strip() for line in known.solution.splitlines() if len(line.strip()) > 40}
    assert not any(line in known.hints[0] for line in solution_lines), "the first hint gives the answer"


@each_exercise
def test_its_wrong_answers_each_name_their_message(name: str) -> None:
    known = exercise(name)
    assert len(known.wrong) >= 2
    for key in known.wrong:
        assert (known.folder / f"{key}.py").read_text(encoding="utf-8").startswith(GETS), key
    messages = [message for _, message in known.wrong.values()]
    assert all(len(message) > 10 for message in messages)
    assert len(set(messages)) == len(messages)


@each_exercise
def test_its_answers_are_python_and_differ(name: str) -> None:
    known = exercise(name)
    answers = [known.starter, known.solution, *(source for source, _ in known.wrong.values())]
    assert len({ast.dump(ast.parse(answer)) for answer in answers}) == len(answers)
    assert len(known.starter.splitlines()) <= 50


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(LabError, match="Did you mean 'never_go_back'"):
        exercise("never_goes_back")
    with pytest.raises(LabError, match="There are: "):
        exercise("zzz")
