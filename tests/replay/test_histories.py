"""The recorded histories themselves: one a case, of many kinds, and with nothing of the machine that recorded them."""

import json
import re
from typing import Any

import pytest

from tests.fixtures.cases import CASES
from tests.fixtures.play import type_name
from tests.fixtures.recorded import HISTORIES, load, source_of

RECORDED = sorted(path.stem for path in HISTORIES.glob("*.json"))


def test_there_is_one_file_a_recorded_case_and_no_other() -> None:
    assert set(RECORDED) == {source_of(case) for case in CASES.values()}


def test_they_come_from_the_command_line_and_from_the_sdk() -> None:
    by_cli = [name for name in RECORDED if CASES[name].cli]
    assert len(by_cli) >= 15
    assert len(RECORDED) - len(by_cli) >= 15


@pytest.mark.parametrize("name", RECORDED)
def test_it_names_no_machine_no_user_and_no_path(name: str) -> None:
    text = (HISTORIES / f"{name}.json").read_text(encoding="utf-8")
    assert "stackTrace" not in text
    assert not re.search(r'"/|[A-Za-z]:\\\\|site-packages|\.py\b', text)
    assert set(values_of(json.loads(text), "identity")) == {"fixture"}


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_whole_history_of_the_case_that_it_is_named_after(name: str) -> None:
    case = CASES[name]
    events = load(name).events
    assert [event.event_id for event in events] == list(range(1, len(events) + 1))
    started = events[0].workflow_execution_started_event_attributes
    assert started.workflow_id == source_of(case)
    assert started.workflow_type.name == (case.type or type_name(case.workflow))


def values_of(part: Any, key: str) -> list[Any]:
    """Everything under this key, however deep."""
    if isinstance(part, dict):
        own = [part[key]] if key in part else []
        return own + [found for value in part.values() for found in values_of(value, key)]
    return [found for value in part for found in values_of(value, key)] if isinstance(part, list) else []
