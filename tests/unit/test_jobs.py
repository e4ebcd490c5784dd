"""Jobs, commands and notes in words."""

import json

import pytest
from temporalio.api.common.v1 import Payload

from stagedflow.replay.recording.jobs import MAX_ARGUMENTS, arguments
from stagedflow.replay.saved.notes import notes_of
from stagedflow.replay.trace import ReplayStep, TraceEvent
from stagedflow.replay.words import duration


def payload(text: str, encoding: str = "json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=text.encode())


def test_arguments_are_told_as_they_came_within_bounds() -> None:
    assert arguments([payload("1"), payload('"a lamp"')]) == '1, "a lamp"'
    assert arguments([payload("", "binary/null")]) == "None"
    assert arguments([payload("\x00\x01", "binary/encrypted")]) == "<binary/encrypted>"
    assert len(arguments([payload('"' + "x" * 1_000_000 + '"')])) == MAX_ARGUMENTS
    assert arguments([payload('"<b>\x07\n"')]) == '"<b>  "'


@pytest.mark.parametrize(
    "text",
    [
        '{"user": "x", "password": "hunter2"}',
        '{"api_key":"hunter2"',
        '{"token": "hunter2',
        '{"api_keys":["AAA111","hunter2"]}',
        '{"credentials":{"user":"bob","pin":"hunter2"}}',
        '{"secrets":{"a":"'
        + "x" * 170
        + '","b":"hunter2"},"c":[1]}',  # the end of it is beyond what is looked at first
        '{"secrets":[' + '"hunter2",' * 20_000 + "1]}",
    ],
    ids=range(7),
)
def test_what_stands_behind_a_name_that_looks_secret_is_hidden(text: str) -> None:
    assert "hunter2" not in arguments([payload(text), payload("1")])
    assert "hidden" in arguments([payload(text)])


def test_what_stands_behind_a_hidden_value_is_told() -> None:
    text = json.dumps({"pwd": "x" * 50_000, "n": 12}, separators=(",", ":"))
    assert arguments([payload(text)]).endswith(',"n":12}')


def test_each_argument_is_looked_at_for_itself() -> None:
    assert arguments([payload('"token"'), payload('"abc"')]) == '"token", "abc"'


def test_only_a_history_in_which_no_workflow_task_was_started_is_said_to_have_none() -> None:
    waits = [TraceEvent(1, "WORKFLOW_EXECUTION_STARTED"), TraceEvent(2, "WORKFLOW_TASK_SCHEDULED")]
    assert "no worker has run any of its code yet" in notes_of((), None, (), waits)[0]
    (note,) = notes_of((), None, (), [*waits, TraceEvent(3, "WORKFLOW_TASK_STARTED")], "")
    assert note == "A worker has started a workflow task of this history, but the replay of it recorded no step."


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


def test_a_workflow_that_is_closed_is_not_said_to_be_tried_again() -> None:
    failed, closed = ReplayStep(0, False, failure="KeyError: 'a'"), TraceEvent(9, "WORKFLOW_EXECUTION_TERMINATED")
    (note,) = notes_of([failed], None, (), [closed])
    assert note == (
        "The last workflow task of history fails with this code, too: KeyError: 'a'. "
        "No worker tries it again: the workflow is closed (WORKFLOW_EXECUTION_TERMINATED)."
    )
    (note,) = notes_of([failed], None, (), [TraceEvent(8, "WORKFLOW_TASK_FAILED")])
    assert note.endswith("A worker would try it again until the code is fixed.")
