"""The viewer's payload says what the trace says, is small, grows linearly, and holds nothing that cannot be shown."""

import json
from dataclasses import replace
from typing import Any

import pytest

from stagedflow.replay.trace import Failure, ReplayTrace
from stagedflow.widgets.escaping import MAX_TEXT, visible
from stagedflow.widgets.viewer.data import encode, payload_bytes
from tests.viewer_traces import (
    EVENTS,
    FILE,
    GATE,
    HOSTILE,
    SOURCE,
    STEPS,
    cut,
    hostile,
    long,
    parted,
    recovered,
    replayed,
)  # fmt: skip

A_STEP = 400
"""Bytes that a step may take beyond the source."""


def through_json(trace: ReplayTrace) -> dict[str, Any]:
    return json.loads(payload_bytes(encode(trace)))


def groups(flat: list[int], size: int) -> list[list[int]]:
    return [flat[k : k + size] for k in range(0, len(flat), size)]


def path(payload: dict[str, Any], place: int) -> list[tuple[str, int]]:
    """The lines of a step, as the page reads them."""
    file, found = 0, []
    for n in payload["paths"][place]:
        if n < 0:
            file = -n - 1
        else:
            found.append((payload["files"][file]["name"], n))
    return found


def states(payload: dict[str, Any], column: str) -> list[dict[str, str]]:
    """The state after each step, from the differences."""
    texts, now, found = payload["texts"], {}, []
    for flat in payload["steps"][column]:
        for name, text in groups(flat, 2):
            if text < 0:
                del now[texts[name]]
            else:
                now[texts[name]] = texts[text]
        found.append(dict(now))
    return found


@pytest.mark.parametrize("trace", [replayed(), recovered(), parted()], ids=["replayed", "recovered", "parted"])
def test_it_says_of_each_step_what_the_trace_says(trace: ReplayTrace) -> None:
    payload = through_json(trace)
    steps, texts = payload["steps"], payload["texts"]
    for i, step in enumerate(trace.steps):
        assert steps["how"][i] == ("q" if step.query else "r" if step.is_replaying else "l")
        assert (steps["first"][i], steps["last"][i]) == (
            (step.event_ids[0], step.event_ids[-1]) if step.event_ids else (0, 0)
        )
        jobs = [(texts[t], e or None, texts[k]) for t, e, k in groups(steps["jobs"][i], 3)]
        assert jobs == [(j.text, j.event_id, j.kind) for j in step.jobs]
        effects = [(texts[t], n) for t, n, _ in groups(steps["effects"].get(str(i), []), 3)]
        assert effects == [(e.text, e.line) for e in step.side_effects]
        assert path(payload, steps["lines"][i]) == [("rollout.py", n) for _, n in step.lines]
        waits = [(texts[t], texts[w], n or None) for t, w, n, _ in groups(payload["waits"][steps["waiting"][i]], 4)]
        assert waits == [(w.text, w.task, w.line) for w in step.waiting]
        commands = [(texts[t], n or None, e or None) for t, n, _, e in groups(steps["commands"][i], 4)]
        assert commands == [(c.text, c.line, c.event_id) for c in step.commands]
        if step.worker is not None:
            assert payload["workers"][steps["worker"][i]]["pid"] == step.worker
            assert payload["start"] + steps["at"][i] / 1000 == pytest.approx(step.at, abs=0.001)
    assert states(payload, "state") == [dict(step.state) for step in trace.steps]
    assert states(payload, "locals") == [dict(step.locals) for step in trace.steps]


def test_it_says_of_each_event_what_the_trace_says() -> None:
    payload = through_json(replayed())
    events, texts = payload["events"], payload["texts"]
    moments = [sum(events["after"][: n + 1]) / 1000 + payload["start"] for n in range(len(EVENTS))]
    assert [texts[t] for t in events["type"]] == [e.type for e in EVENTS]
    assert [texts[t] for t in events["text"]] == [e.text for e in EVENTS]
    assert moments == pytest.approx([e.at for e in EVENTS], abs=0.001)
    assert "id" not in events


def test_events_with_a_gap_keep_their_numbers() -> None:
    assert through_json(replayed(events=EVENTS[:3] + EVENTS[5:]))["events"]["id"] == [1, 2, 3, *range(6, 22)]


def test_a_failure_names_its_line_and_what_history_has() -> None:
    failure = through_json(parted())["failure"]
    assert failure["expected"] == {"id": 15, "type": "ACTIVITY_TASK_SCHEDULED", "text": "flash"}
    assert (failure["actual"], failure["line"], failure["file"], failure["step"]) == ("start timer 1 min", 17, 0, 2)


def test_steps_that_were_cut_are_named_and_others_take_no_room() -> None:
    assert through_json(cut())["steps"]["cut"] == [1]
    assert "cut" not in through_json(replayed())["steps"]


@pytest.mark.parametrize(("kind", "line"), [("raised", 0), ("deadlock", GATE)])
def test_the_last_line_of_a_step_that_was_cut_is_where_it_stopped_only_in_a_deadlock(kind: str, line: int) -> None:
    failure = Failure(kind, "It stopped.", 1)
    assert through_json(replace(cut(), failure=failure))["failure"]["line"] == line
    assert through_json(replayed(failure=failure))["failure"]["line"] == GATE


def test_the_source_comes_whole_with_the_class_in_focus_and_no_path_of_this_machine() -> None:
    text = payload_bytes(encode(replayed())).decode()
    (file,) = json.loads(text)["files"]
    assert "\n".join(file["lines"]) + "\n" == SOURCE
    assert [file["lines"][n - 1].split()[0] for n in file["focus"]] == ["@workflow.defn", "self.stage"]
    assert FILE.rpartition("/")[0] not in text


def test_files_of_one_name_are_told_apart_by_their_folder() -> None:
    trace = replayed(sources={FILE: SOURCE, "/other/rollout.py": ""})
    other = trace.steps[0].__class__(0, True, lines=(("/other/rollout.py", 1), (FILE, 9)))
    payload = through_json(replayed(*STEPS, other))
    assert [file["name"] for file in payload["files"]] == ["course/rollout.py", "other/rollout.py"]
    assert path(payload, payload["steps"]["lines"][-1]) == [("other/rollout.py", 1), ("course/rollout.py", 9)]


def test_a_trace_without_steps_events_or_source_is_a_payload_too() -> None:
    payload = through_json(ReplayTrace())
    assert (payload["steps"]["how"], payload["events"]["type"], payload["files"]) == ("", [], [])


def test_it_grows_linearly_and_by_few_bytes_a_step() -> None:
    small, large = (long(turns) for turns in (1_000, 4_000))
    a_step = [(len(payload_bytes(encode(trace))) - len(SOURCE)) / len(trace.steps) for trace in (small, large)]
    assert max(a_step) <= A_STEP
    assert a_step[1] / a_step[0] <= 1.15  # an event's number has one digit more


def test_no_text_holds_what_a_reader_cannot_see() -> None:
    def texts(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [text for part in values for text in texts(part)]

    found = texts(through_json(hostile()))
    assert len(found) > len(HOSTILE)
    assert all(text.isprintable() for text in found)
    assert max(map(len, found)) < 5_100  # a line of source; a text is shorter still


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcode, 日本 and 👩\u200d🚒", "plain, ünïcode, 日本 and 👩\u200d🚒"),
        ("a\x00b\x1b[31m\n\t\x7f\x85", r"a\x00b\x1b[31m\x0a\x09\x7f\x85"),
        ("\u202eback\u2066 and \u2028 \ufeff", r"\u202eback\u2066 and \u2028 \ufeff"),
        ("lone \udc80", r"lone \udc80"),
        ("tag \U000e0041", r"tag \U000e0041"),
    ],
)
def test_hidden_characters_get_a_sign(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    assert visible("x" * (MAX_TEXT + 5_000)) == "x" * MAX_TEXT + "… (5,000 more characters)"
