"""History's events in words: what happened, and to what, which an earlier event has."""

from pathlib import Path

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from stagedflow.replay.events import read_events
from tests.fixtures.recorded import load

COMPLETED = Path(__file__).parents[1] / "fixtures" / "completed.json"


def texts(history: WorkflowHistory, kind: str) -> list[str]:
    return [event.text for event in read_events(history.events) if event.type == kind]


def test_the_end_of_an_activity_says_of_which_and_with_which_result() -> None:
    history = WorkflowHistory.from_json("completed", COMPLETED.read_text())
    first, *_ = texts(history, "ACTIVITY_TASK_COMPLETED")
    assert first.startswith('"gateways reserved" · reserve_devices({"fleet":"gateways"')
    assert texts(history, "WORKFLOW_EXECUTION_COMPLETED") == ['"gateways healthy"']
    assert [text.partition(" ·")[0] for text in texts(history, "ACTIVITY_TASK_STARTED")][:1] != [""]


def test_a_timer_that_fired_is_told_by_its_duration() -> None:
    history = load("timers")
    assert texts(history, "TIMER_FIRED") == texts(history, "TIMER_STARTED") != []


def test_an_update_is_told_with_its_argument_and_its_outcome() -> None:
    assert texts(load("updates"), "WORKFLOW_EXECUTION_UPDATE_ACCEPTED") == ["set_price(12)", "set_price(15)"]
    ended = texts(load("updates"), "WORKFLOW_EXECUTION_UPDATE_COMPLETED")
    assert [text.rpartition(" · ")[2] for text in ended] == ["set_price(12)", "set_price(15)"]
    assert texts(load("update_fails"), "WORKFLOW_EXECUTION_UPDATE_COMPLETED")[0].startswith("there is no bread")


def test_a_type_that_is_not_known_yet_is_told_by_its_number() -> None:
    (event,) = read_events([HistoryEvent(event_id=1, event_type=9_999)])  # type: ignore[arg-type]
    assert (event.id, event.type, event.text) == (1, "TYPE_9999", "")
