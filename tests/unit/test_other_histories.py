"""Histories of other tools, other languages and newer servers: told as what they are, where it is known."""

from typing import Any

import pytest
from temporalio import workflow

from stagedflow import LabError, record_replay
from stagedflow.replay.saved.history_file import read_history
from tests.histories import AT, event, history, started


@workflow.defn(name="Shop")
class Shop:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@workflow.defn
class Mine:
    @workflow.run
    async def run(self) -> None:
        pass


def by(sdk: str, version: str = "") -> dict[str, Any]:
    done = {"scheduledEventId": "2", "startedEventId": "3", "sdkMetadata": {"sdkName": sdk, "sdkVersion": version}}
    return started("Shop", event("WORKFLOW_TASK_COMPLETED", **done))


OLD = [
    {
        "eventTime": AT,
        "eventType": "WorkflowExecutionStarted",
        "eventId": 1,
        "details": {"workflowType": {"name": "X"}},
    },
    {"eventTime": AT, "eventType": "WorkflowTaskScheduled", "eventId": 2, "details": {}},
]


@pytest.mark.parametrize("data", [{"events": OLD}, {"history": {"events": OLD}}])
def test_the_list_of_an_older_web_ui_is_refused_with_how_to_export(data: Any) -> None:
    with pytest.raises(LabError) as refused:
        read_history(data)
    assert "`details` that an older Web UI exports" in str(refused.value)
    assert "temporal workflow show --workflow-id ID --output json" in str(refused.value)
    assert "part of a history" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (by("temporal-go", "1.25.1"), "by a worker of Temporal's Go SDK 1.25.1, not by one of the Python SDK."),
        (by("temporal-typescript"), "by a worker of Temporal's TypeScript SDK, not by one of the Python SDK."),
        (by("elixir\nsdk", "0.1"), "by a worker of an SDK that calls itself elixir sdk 0.1."),
    ],
)
async def test_the_sdk_of_another_language_is_told(data: dict[str, Any], words: str) -> None:
    with pytest.raises(LabError, match="of the workflow type 'Shop', but the code given is of 'Mine'") as refused:
        await record_replay(data, workflows=[Mine])
    assert words in str(refused.value)
    trace = await record_replay(data, workflows=[Shop])
    assert any(note.endswith(words) for note in trace.notes)


@pytest.mark.parametrize("data", [by("temporal-python", "1.9.0"), by(""), started("Shop")])
async def test_of_pythons_own_or_an_unknown_sdk_nothing_is_said(data: dict[str, Any]) -> None:
    assert (await record_replay(data, workflows=[Shop])).notes == ()


async def test_an_event_that_may_be_ignored_is_told_at_its_place() -> None:
    news = {"eventType": "EVENT_TYPE_FROM_THE_FUTURE", "eventTime": AT, "workerMayIgnore": True}
    events = started("Shop")["events"]
    events = [{k: v for k, v in e.items() if k != "eventId"} for e in (*events[:1], news, *events[1:])]
    events[3]["workflowTaskStartedEventAttributes"]["scheduledEventId"] = "3"
    trace = await record_replay(history(*events), workflows=[Shop])
    assert trace.failure is None
    assert [e.id for e in trace.events if "a worker may ignore it" in e.text] == [2]
