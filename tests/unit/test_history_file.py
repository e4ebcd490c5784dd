"""Reading a history: every form in which one is exported, and every way in which a file is none."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from stagedflow import record_replay
from stagedflow.errors import LabError
from stagedflow.replay.saved.history_file import HOW_TO_EXPORT, read_history
from tests.conftest import FIXTURES
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import in_older_spelling, load, text_of

FILE = FIXTURES / "completed.json"


@pytest.fixture
def text() -> str:
    return FILE.read_text()


@pytest.fixture
def data(text: str) -> dict[str, Any]:
    return json.loads(text)  # type: ignore[no-any-return]


@pytest.fixture
def events(text: str) -> list[Any]:
    return list(WorkflowHistory.from_json("completed", text).events)


def test_a_file_a_text_and_a_dict_give_the_same_history(text: str, data: dict[str, Any], events: list[Any]) -> None:
    for source in (FILE, str(FILE), text, f"\n {text}", data, WorkflowHistory("completed", events)):
        read = read_history(source)
        assert list(read.events) == events
        assert read.workflow_id == "completed"
        assert read.run_id == "01a20517-0162-7e35-a579-af36e278561e"


def test_text_that_was_encoded_twice_is_taken_for_no_path(text: str) -> None:
    with pytest.raises(LabError, match="This text is JSON, but no history: it is a text"):
        read_history(json.dumps(text))


def test_a_dict_is_not_changed(text: str, data: dict[str, Any]) -> None:
    read_history(data)
    assert data == json.loads(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_the_encoding_of_a_file_is_told_by_its_mark(
    tmp_path: Path, text: str, events: list[Any], encoding: str
) -> None:
    file = tmp_path / "history.json"
    file.write_text("\ufeff" * (encoding == "utf-16-be") + text, encoding=encoding)
    assert list(read_history(file).events) == events


def test_the_older_spelling_of_enums_is_read(text: str, events: list[Any]) -> None:
    older = in_older_spelling(text)
    assert '"WorkflowExecutionStarted"' in older
    assert list(read_history(older).events) == events


@pytest.mark.parametrize(
    "wrap",
    [
        lambda data: json.dumps(data["events"]),
        lambda data: "\n".join(json.dumps(event) for event in data["events"]),
        lambda data: json.dumps([data]),
        lambda data: json.dumps({"history": data}),
        lambda data: json.dumps({"history": data, "nextPageToken": None, "archived": False}),
        lambda data: json.dumps(data | {"aNewField": 1}),
    ],
    ids=["list", "one event a line", "list of one history", "response", "last page", "field of a newer server"],
)
def test_other_forms_in_which_a_history_is_passed_on_are_read(
    data: dict[str, Any], events: list[Any], wrap: Callable[[dict[str, Any]], str]
) -> None:
    assert list(read_history(wrap(data)).events) == events


def test_events_that_the_server_shows_ahead_are_left_out() -> None:
    read = read_history(FIXTURES / "failing_task.json")
    assert [event.event_id for event in read.events] == list(range(1, 18))


def test_a_history_without_any_task_ids_is_whole(data: dict[str, Any]) -> None:
    for event in data["events"]:
        del event["taskId"]
    assert len(read_history(data).events) == len(data["events"])


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("no json at all", "not JSON"),
        ("<html>Sign in</html>", "not JSON"),
        ("null", "JSON, but no history: it is null"),
        ("5", "JSON, but no history: it is a number"),
        ('"events"', "JSON, but no history: it is a text"),
        ("[]", "JSON, but no history: it is a list"),
        ('"{\\"events\\": []}"', "JSON, but no history: it is a text"),
        ("[1, 2]", "JSON, but no history: it is a list"),
        ("{}", "JSON, but no history: it is an empty object"),
        ('{"name": "x", "version": 1}', "an object with 'name', 'version'"),
        ('{"events": []}', "no events"),
        ('{"events": null}', "an object with 'events'"),
        ('{"events": 5}', "an object with 'events'"),
        ('{"events": {"a": 1}}', "an object with 'events'"),
        ('{"events": "all of them"}', "an object with 'events'"),
        ('{"events": [1, 2]}', "its `events` are not events"),
        ('{"events": [{"eventId": "one"}]}', "no history that Temporal's SDK can read"),
        ('{"events": [{"eventId": "1", "eventType": "\\ud800"}]}', "can read: 'utf-8' codec can't encode character"),
        ('{"events": [{"workflowExecutionStartedEventAttributes": {"input": {"payloads": "\\u202e\\u0000<b>"}}}]}',
         "must be in [] which is <b> at"),
        ('{"events": [{"eventId": "1", "eventType": {}}]}', "no history that Temporal's SDK can read"),
        ('{"workflowExecutionInfo": {}, "executionConfig": {}}', "description, not its history"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_history_is_refused_in_words(tmp_path: Path, bad: str, says: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(bad)
    with pytest.raises(LabError) as refused:
        read_history(file)
    told = str(refused.value)
    assert says in told
    assert told.isprintable()
    assert told.startswith("'bad.json'")
    assert told.endswith(HOW_TO_EXPORT)
    assert len(told) < 700


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_an_export_that_was_cut_off_is_told_as_such(text: str, share: float) -> None:
    with pytest.raises(LabError, match=r"ends in the middle of its JSON \([\d,]+ characters\): the export was cut off"):
        read_history(text[: int(len(text) * share)].rstrip())


@pytest.mark.parametrize(
    ("keep", "says"),
    [
        (
            lambda e: e[10:],
            "does not start with WORKFLOW_EXECUTION_STARTED, but with event 11 (WORKFLOW_EXECUTION_SIGN",
        ),
        (lambda e: e[1:], "with event 2 (WORKFLOW_TASK_SCHEDULED)"),
        (lambda e: [*e[:5], *e[8:]], "has a gap: where event 6 should be, it has event 9"),
        (lambda e: [*e[:5], *e[4:]], "has event 5 (ACTIVITY_TASK_SCHEDULED) twice, or in the wrong place"),
        (lambda e: [e[0], *reversed(e[1:])], "has a gap: where event 2 should be, it has event 41"),
    ],
)
def test_a_part_of_a_history_is_refused_with_the_place(
    events: list[Any], keep: Callable[[list[Any]], list[Any]], says: str
) -> None:
    with pytest.raises(LabError, match=re.escape(says)):
        read_history(WorkflowHistory("part", keep(events)))


def test_one_page_of_several_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(LabError, match="one page of a history"):
        read_history({"history": data, "nextPageToken": "abc"})


def test_decoded_payloads_are_refused_with_what_to_do(data: dict[str, Any]) -> None:
    """The Web UI can export what a codec has decoded: values in place of payloads."""
    (payload,) = data["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"]
    payload["data"] = {"fleet": "gateways"}
    with pytest.raises(LabError, match="export them as they are"):
        read_history(data)


def test_a_history_that_names_no_workflow_type_is_refused(data: dict[str, Any]) -> None:
    del data["events"][0]["workflowExecutionStartedEventAttributes"]["workflowType"]
    with pytest.raises(LabError, match="of which workflow type"):
        read_history(data)


def test_a_history_without_its_task_queue_is_refused() -> None:
    """The SDK's core would panic, and Temporal's Replayer would wait for ever."""
    history = exported()
    del history["events"][0]["workflowExecutionStartedEventAttributes"]["taskQueue"]
    with pytest.raises(LabError, match="from which task queue"):
        read_history(history)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (Path("no/such/file.json"), "There is no file 'no/such/file.json' here. Export one"),
        ("no_such_file.json", "and that is no JSON text either"),
        ("x" * 100_000, "cannot be read"),
        ("a\x00b", "cannot be read"),
        (Path(__file__).parent, "is a folder"),
        (5, "this is a int"),
        (None, "this is a NoneType"),
    ],
)
def test_a_source_that_cannot_be_read_is_told(source: Any, says: str) -> None:
    with pytest.raises(LabError) as refused:
        read_history(source)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 700


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "picture.json"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    with pytest.raises(LabError, match="is no text: a history is read from its JSON"):
        read_history(file)


def exported() -> dict[str, Any]:
    """A whole history, as an export has it."""
    return json.loads((FIXTURES / "completed.json").read_text())


def test_an_export_that_was_compressed_or_is_utf_16_is_read(tmp_path: Path) -> None:
    text = json.dumps(exported())
    for name, data in (
        ("history.json.gz", gzip.compress(text.encode())),
        ("little.json", text.encode("utf-16-le")),
        ("big.json", text.encode("utf-16-be")),
    ):
        (tmp_path / name).write_bytes(data)
        assert len(read_history(tmp_path / name).events) == len(exported()["events"])


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_workflow_task_that_nobody_scheduled_is_told(gone: int) -> None:
    history = exported()
    del history["events"][1 : 1 + gone]
    for number, event in enumerate(history["events"], 1):
        event["eventId"] = str(number)
    words = r"at event 2 it has \w+, and no workflow task was scheduled before\. Events are missing"
    if gone == 3:
        assert history["events"][1]["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"
    with pytest.raises(LabError, match=words):
        read_history(history)


def test_events_that_are_listed_newest_first_are_read() -> None:
    history = exported()
    history["events"].reverse()
    assert [event.event_id for event in read_history(history).events][:2] == [1, 2]


def of_no_type(history: dict[str, Any]) -> None:
    history["events"][6]["eventType"] = "EVENT_TYPE_OF_NEXT_YEAR"


def twice(history: dict[str, Any]) -> None:
    history["events"].insert(7, history["events"][6])


def readable(history: dict[str, Any]) -> None:
    start = history["events"][0]["workflowExecutionStartedEventAttributes"]
    start["input"] = {"payloads": [{"metadata": {"encoding": "json/plain"}, "data": "x"}]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (of_no_type, "event whose type this SDK (temporalio 1.35."),
        (twice, "has event 7 (ACTIVITY_TASK_COMPLETED) twice, or in the wrong place"),
        (readable, 'its payloads made readable, as the Web UI\'s format "Human Readable" does'),
    ],
)
def test_what_is_wrong_with_an_export_is_said_in_one_sentence(change: Any, words: str) -> None:
    history = exported()
    change(history)
    for source in (history, json.dumps(history)):
        with pytest.raises(LabError) as told:
            read_history(source)
        assert words in str(told.value)


def test_lines_that_were_cut_off_are_told() -> None:
    lines = "\n".join(json.dumps(event) for event in exported()["events"][:4])
    with pytest.raises(LabError, match="ends in the middle of line 4: the export was cut off"):
        read_history(lines[:-20])


@pytest.mark.parametrize("number", range(1, 42))
def test_an_event_without_its_attributes_is_refused(number: int) -> None:
    history = exported()
    event = history["events"][number - 1]
    for name in [name for name in event if name.endswith("Attributes")]:
        del event[name]
    with pytest.raises(LabError, match=rf"event {number} \([A-Z_]+\) without its attributes"):
        read_history(history)


def test_an_event_without_attributes_that_a_worker_may_ignore_is_let_pass() -> None:
    history = exported()
    event = history["events"][-1]
    event.update(eventType="EVENT_TYPE_UNSPECIFIED", workerMayIgnore=True)
    del event["workflowExecutionCompletedEventAttributes"]
    assert len(read_history(history).events) == len(history["events"])


async def test_the_id_that_a_history_lacks_is_asked_for_or_found_by_a_childs() -> None:
    case, whole = CASES["child_in_one_step"], load("child_in_one_step")
    first = whole.events[0].workflow_execution_started_event_attributes
    real = first.workflow_id
    first.workflow_id = ""
    nameless = WorkflowHistory("", whole.events)
    trace = await record_replay(nameless, workflows=[case.workflow])
    assert trace.failure is None and trace.notes == (
        f"This history does not hold its workflow's id. By its child workflow's it is {real!r}.",
    )
    named = await record_replay(nameless, workflows=[case.workflow], workflow_id=real)
    assert named.failure is None and named.notes == ()
    wrong = await record_replay(nameless, workflows=[case.workflow], workflow_id="another")
    assert wrong.failure and "started the child workflow" in wrong.failure.text


def test_a_workflow_task_without_an_end_is_refused_where_the_sdk_would_panic() -> None:
    events = json.loads(text_of("order"))["events"]
    at = next(i for i, e in enumerate(events) if e["eventType"].endswith("WORKFLOW_TASK_COMPLETED"))
    del events[at]
    for number, event in enumerate(events, 1):
        event["eventId"] = str(number)
    with pytest.raises(LabError, match=rf"a workflow task starts at event {at}, and the event after it"):
        read_history({"events": events})
