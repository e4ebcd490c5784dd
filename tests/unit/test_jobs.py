"""Jobs and commands in words."""

import pytest
from temporalio.api.common.v1 import Payload

from stagedflow.replay.jobs import MAX_ARGUMENTS, arguments
from stagedflow.replay.words import duration


def payload(text: str, encoding: str = "json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=text.encode())


def test_arguments_are_told_as_they_came_within_bounds() -> None:
    assert arguments([payload("1"), payload('"a lamp"')]) == '1, "a lamp"'
    assert arguments([payload("", "binary/null")]) == "None"
    assert arguments([payload("\x00\x01", "binary/encrypted")]) == "<binary/encrypted>"
    assert len(arguments([payload('"' + "x" * 1_000_000 + '"')])) == MAX_ARGUMENTS
    assert arguments([payload('"<b>\x07\n"')]) == '"<b>  "'


@pytest.mark.parametrize("text", ['{"user": "x", "password": "hunter2"}', '{"api_key":"hunter2"', '{"token": "hunter2'])
def test_what_stands_behind_a_name_that_looks_secret_is_hidden(text: str) -> None:
    assert "hunter2" not in arguments([payload(text)])
    assert "hidden" in arguments([payload(text)])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (5, "5 s"),
        (60, "1 min"),
        (5400, "1 hour 30 min"),
        (14 * 86_400, "14 days"),
        (86_461.5, "1 day 1 min 1.5 s"),
        (-1, "0 s"),
    ],
)
def test_a_duration_is_told_in_its_natural_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
