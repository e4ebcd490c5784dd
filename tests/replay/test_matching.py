"""Each command and job against the history's JSON, read here by itself: right event, right name, none left over."""

import base64
import json
from typing import Any

import pytest

from stagedflow.replay.trace import Command, Job, ReplayTrace
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import text_of
from tests.replay.replays import trace_of

FITTING = [name for name, case in CASES.items() if case.verdict == "fits"]

Event = dict[str, Any]

COMMANDS = {
    "ACTIVITY_TASK_SCHEDULED": "schedule_activity",
    "ACTIVITY_TASK_CANCEL_REQUESTED": "request_cancel_activity",
    "TIMER_STARTED": "start_timer",
    "TIMER_CANCELED": "cancel_timer",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": "start_child_workflow_execution",
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": "signal_external_workflow_execution",
    "WORKFLOW_PROPERTIES_MODIFIED": "modify_workflow_properties",
    "WORKFLOW_EXECUTION_COMPLETED": "complete_workflow_execution",
    "WORKFLOW_EXECUTION_FAILED": "fail_workflow_execution",
    "WORKFLOW_EXECUTION_CANCELED": "cancel_workflow_execution",
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": "continue_as_new_workflow_execution",
}
"""Event type -> the command that it is the answer to. Those of more than one command are in `command_of`."""

RETIMED = {"order_harmless"}
"""Its code's timer lasts longer than history's, which Temporal does not compare. The texts are the code's."""

OUTLASTS = {"local_activity_cancelled"}

WITHOUT_EVENT = {
    # Abandoned, or local: the server is not told. A workflow that has failed completes no more.
    "activity_cancelled_abandon": ["request_cancel_activity"],
    "local_activity_cancelled": ["request_cancel_local_activity"],
    "handler_raises": ["complete_workflow_execution"],
}


def events_of(name: str) -> dict[int, Event]:
    """The events by id, with their attributes under "is" and their short type under "type"."""
    found = {}
    for event in json.loads(text_of(name))["events"]:
        attributes: Event = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
        id = int(event["eventId"])
        found[id] = {"id": id, "type": event["eventType"].removeprefix("EVENT_TYPE_"), "is": attributes}
    return found


def command_of(event: Event, events: dict[int, Event]) -> str | None:
    """The kind of the command that this event answers, or None for an event that no command of the code's made."""
    if event["type"] == "MARKER_RECORDED":
        return {"core_patch": "set_patch_marker", "core_local_activity": "schedule_local_activity"}[
            event["is"]["markerName"]
        ]
    if event["type"] == "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES":
        by_patch = events[event["id"] - 1]["is"].get("markerName") == "core_patch"
        return None if by_patch else "upsert_workflow_search_attributes"
    if event["type"] == "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED":
        own_child = event["is"].get("childWorkflowOnly")
        return "cancel_child_workflow_execution" if own_child else "request_cancel_external_workflow_execution"
    if event["type"] in ("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", "WORKFLOW_EXECUTION_UPDATE_COMPLETED"):
        return "update_response"
    return COMMANDS.get(event["type"])


def name_in(event: Event, events: dict[int, Event]) -> str:
    """What the text of a command for this event must hold."""
    about = event["is"]
    if about.get("markerName") == "core_local_activity":
        return str(json.loads(_decoded(about["details"]["data"]))["activity_type"])
    if event["type"] == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW":
        return ""
    for key in ("activityType", "workflowType"):
        if key in about:
            return str(about[key]["name"])
    if "scheduledEventId" in about:
        return name_in(events[int(about["scheduledEventId"])], events)
    if "startedEventId" in about and event["type"].startswith("TIMER"):
        return name_in(events[int(about["startedEventId"])], events)
    if "startToFireTimeout" in about:
        seconds = float(about["startToFireTimeout"].removesuffix("s"))
        days, hours = seconds / 86400, seconds / 3600
        return f"{days:g} days" if days > 1 else f"{hours:g} hour" if hours >= 1 else f"{seconds:g} s"
    return str(about.get("signalName", ""))


def _decoded(payloads: dict[str, Any]) -> bytes:
    return base64.b64decode(payloads["payloads"][0]["data"])


def commands(trace: ReplayTrace) -> list[Command]:
    return [command for step in trace.steps for command in step.commands]


@pytest.mark.parametrize("name", FITTING)
async def test_each_event_of_a_command_is_matched_once_in_order_and_named(name: str) -> None:
    events = events_of(name)
    made = commands(await trace_of(name))
    expected: dict[str, list[int]] = {}
    for event in events.values():
        if kind := command_of(event, events):
            expected.setdefault(kind, []).append(event["id"])
    matched: dict[str, list[int]] = {}
    for command in made:
        if command.event_id is not None:
            matched.setdefault(command.kind, []).append(command.event_id)
            assert name in RETIMED or name_in(events[command.event_id], events) in command.text
    assert matched == expected


@pytest.mark.parametrize("name", FITTING)
async def test_a_command_is_without_an_event_only_where_history_has_none(name: str) -> None:
    lone = [command.kind for command in commands(await trace_of(name)) if command.event_id is None]
    assert lone == WITHOUT_EVENT.get(name, [])


@pytest.mark.parametrize("name", FITTING)
async def test_the_events_of_a_steps_commands_came_from_its_workflow_task(name: str) -> None:
    """A workflow task's commands are written when it is completed, and say which completion that was."""
    events = events_of(name)
    started = 0
    for step in (await trace_of(name)).steps:
        started = step.event_ids[-1] if step.event_ids else started
        for command in step.commands:
            if command.event_id is None:
                continue
            about = events[command.event_id]["is"]
            completed = about.get("workflowTaskCompletedEventId")
            if completed:  # an accepted update names its own request instead
                task = int(events[int(completed)]["is"]["startedEventId"])
                # A local activity that outlasts its workflow task is written down by a later one.
                assert (
                    task > started
                    if name in OUTLASTS and command.kind == "schedule_local_activity"
                    else task == started
                )


JOBS = {
    "initialize_workflow": {"WORKFLOW_EXECUTION_STARTED"},
    "signal_workflow": {"WORKFLOW_EXECUTION_SIGNALED"},
    "cancel_workflow": {"WORKFLOW_EXECUTION_CANCEL_REQUESTED"},
    "do_update": {"WORKFLOW_EXECUTION_UPDATE_ACCEPTED"},
    "fire_timer": {"TIMER_FIRED"},
    "notify_has_patch": {"MARKER_RECORDED"},
    "resolve_activity": {
        "ACTIVITY_TASK_COMPLETED",
        "ACTIVITY_TASK_FAILED",
        "ACTIVITY_TASK_TIMED_OUT",
        "ACTIVITY_TASK_CANCELED",
        "MARKER_RECORDED",
    },
    "resolve_child_workflow_execution_start": {
        "CHILD_WORKFLOW_EXECUTION_STARTED",
        "START_CHILD_WORKFLOW_EXECUTION_FAILED",
    },
    "resolve_child_workflow_execution": {
        "CHILD_WORKFLOW_EXECUTION_COMPLETED",
        "CHILD_WORKFLOW_EXECUTION_FAILED",
        "CHILD_WORKFLOW_EXECUTION_CANCELED",
    },
    "resolve_signal_external_workflow": {
        "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED",
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED",
    },
    "resolve_request_cancel_external_workflow": {
        "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED",
    },
}
"""Job -> the types of the events that it may stand for."""

CANCELLED_AT_ONCE = {"activity_cancelled_try", "activity_cancelled_abandon", "wait_for_the_first", "wait_for_activity"}
"""Their activity counts as cancelled when the workflow asks for it: no event says so."""


@pytest.mark.parametrize("name", FITTING)
async def test_each_job_stands_for_its_event(name: str) -> None:
    events = events_of(name)
    trace = await trace_of(name)
    jobs = [(step, job) for step in trace.steps for job in step.jobs]
    for step, job in jobs:
        if job.event_id is None:
            assert (job.kind, name in CANCELLED_AT_ONCE) == ("resolve_activity", True)
            assert job.text.endswith("cancelled")
            continue
        event = events[job.event_id]
        assert event["type"] in JOBS[job.kind]
        assert name in RETIMED or name_in(event, events) in job.text
        ahead = event["type"] in ("MARKER_RECORDED", "WORKFLOW_EXECUTION_UPDATE_ACCEPTED")  # its own task writes it
        assert ahead or job.event_id in step.event_ids
    ids = [job.event_id for _, job in jobs if job.event_id is not None]
    assert len(ids) == len(set(ids)), "no two jobs stand for one event"


@pytest.mark.parametrize("name", FITTING)
async def test_each_event_that_wakes_the_workflow_has_its_job(name: str) -> None:
    """In the order of history, each kind for itself."""
    events = events_of(name)
    trace = await trace_of(name)
    last = max(step.event_ids[-1] for step in trace.steps if step.event_ids)
    jobs: dict[str, list[Job]] = {}
    for step in trace.steps:
        for job in step.jobs:
            jobs.setdefault(job.kind, []).append(job)
    for kind in ("initialize_workflow", "signal_workflow", "cancel_workflow", "fire_timer", "resolve_activity"):
        waking = [e["id"] for e in events.values() if _wakes(e, kind) and (e["id"] <= last or "markerName" in e["is"])]
        assert [job.event_id for job in jobs.get(kind, []) if job.event_id is not None] == waking


def _wakes(event: Event, kind: str) -> bool:
    of_local_activity = event["is"].get("markerName", "core_local_activity") == "core_local_activity"
    return event["type"] in JOBS[kind] and of_local_activity
