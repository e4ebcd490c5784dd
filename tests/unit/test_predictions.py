"""Predictions: chosen by click or by code, kept, and set beside what was measured."""

from pathlib import Path

import pytest

from stagedflow.course import predict, progress, progress_file
from stagedflow.errors import LabError

QUESTION = "Who <b>wins</b>?"
OPTIONS = ["the <first>", "the last"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEDFLOW_HOME", str(tmp_path))
    monkeypatch.setattr(progress_file, "_waiting", [])


def radio(prediction: object) -> object:
    [found] = [child for child in prediction.children if hasattr(child, "options")]  # type: ignore[attr-defined]
    return found


def test_without_an_answer_the_reveal_shows_what_was_measured() -> None:
    revealed = predict("03-x", QUESTION, OPTIONS).reveal("the last")
    assert revealed.right is None
    assert repr(revealed) == f"{QUESTION}\nmeasured: the last\nyou made no prediction"


def test_a_click_and_a_line_of_code_do_the_same() -> None:
    one, other = predict("03-x", QUESTION, OPTIONS), predict("03-y", QUESTION, OPTIONS)
    radio(one).value = "the last"  # type: ignore[attr-defined]
    other.answer(2)
    assert one.chosen == other.chosen == "the last"
    assert one.reveal("the last").right is True
    assert other.reveal("the <first>").right is False
    assert progress_file.read()["predictions"]["03-x"] == {"answer": "the last", "measured": "the last"}


def test_the_answer_is_there_again_after_a_restart_and_counts() -> None:
    predict("03-x", QUESTION, OPTIONS).answer("the last")
    assert predict("03-x", QUESTION, OPTIONS).chosen == "the last"
    assert predict("03-x", QUESTION, ["other", "options"]).chosen is None
    [lesson] = [each for each in progress().lessons if each.lesson == "03"]
    assert lesson.predictions == 1


def test_what_is_shown_is_escaped() -> None:
    prediction = predict("03-x", QUESTION, OPTIONS)
    prediction.answer(1)
    shown = "".join(child.value for child in prediction.children if hasattr(child, "placeholder"))
    assert "<b>wins" not in shown and "&lt;b&gt;wins" in shown
    assert "<first>" not in shown + prediction.reveal("<x>")._repr_html_()
    assert "<x>" not in prediction.reveal("<x>")._repr_html_()


@pytest.mark.parametrize("option", [0, 3, "neither", True, None])
def test_an_option_that_is_not_there_is_refused_in_words(option: object) -> None:
    with pytest.raises(LabError, match="The options are"):
        predict("03-x", QUESTION, OPTIONS).answer(option)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [["one"], ["a", "a"], "text", []])
def test_fewer_than_two_options_are_refused_in_words(options: list[str]) -> None:
    with pytest.raises(LabError, match="two or more options"):
        predict("03-x", QUESTION, options)
