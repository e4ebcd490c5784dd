"""Strategies: a recorded history, with a few changes at random places."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

from tests.fixtures.recorded import in_older_spelling, text_of

Events = list[dict[str, Any]]

ENDS = ("Completed", "Failed", "TimedOut", "Canceled", "Fired", "Scheduled", "Initiated", "Started", "Terminated")


def changed_histories(name: str) -> st.SearchStrategy[str]:
    """The history of a fixture as JSON text, changed in one to three places.

    Args:
        name: The case's name in `tests.fixtures.cases`.
    """
    changes = st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3)
    return st.builds(_changed, st.just(text_of(name)), changes, st.data(), st.sampled_from(SPELLINGS))


def _changed(text: str, changes: list[Any], data: st.DataObject, spelling: Any) -> str:
    events: Events = json.loads(text)["events"]
    for change in changes:
        if events:
            change(events, data)
    if data.draw(st.sampled_from([True, True, True, False]), label="numbered anew"):  # else nearly all have a gap
        for number, event in enumerate(events, 1):
            event["eventId"] = str(number)
    return str(spelling(json.dumps({"events": events})))


def _place(events: Events, data: st.DataObject) -> int:
    return data.draw(st.integers(0, len(events) - 1), label="place")


def drop_event(events: Events, data: st.DataObject) -> None:
    del events[_place(events, data)]


def double_event(events: Events, data: st.DataObject) -> None:
    at = _place(events, data)
    events.insert(at, copy.deepcopy(events[at]))


def swap_events(events: Events, data: st.DataObject) -> None:
    """Two neighbours change places, and their ids stay in order."""
    at = _place(events, data)
    if at + 1 < len(events):
        a, b = events[at], events[at + 1]
        a["eventId"], b["eventId"] = b.get("eventId"), a.get("eventId")
        events[at : at + 2] = [b, a]


def cut_end(events: Events, data: st.DataObject) -> None:
    del events[_place(events, data) :]


def cut_start(events: Events, data: st.DataObject) -> None:
    del events[: _place(events, data)]


def drop_field(events: Events, data: st.DataObject) -> None:
    holder, key = _field(events, data)
    del holder[key]


def change_field(events: Events, data: st.DataObject) -> None:
    holder, key = _field(events, data)
    holder[key] = data.draw(
        st.sampled_from([None, "", "7", "1000000", -1, 0, True, [], {}, "\u202e\x00<b>", "\ud800", "EVENT_TYPE_NEW"])
        | st.text(max_size=5)
        | st.integers()
    )


def take_field(events: Events, data: st.DataObject) -> None:
    """A field gets the value of another event's field of the same name: ids that dangle, types that swap."""
    holder, key = _field(events, data)
    others = [h[key] for h, k in _fields(events) if k == key]
    holder[key] = data.draw(st.sampled_from(others), label="taken")


def rename_type(events: Events, data: st.DataObject) -> None:
    """An activity, a child, a signal or a marker of another name."""
    named = [e for e in _fields(events) if e[1] in ("name", "signalName", "activityId", "timerId", "workflowId")]
    if named:
        holder, key = data.draw(st.sampled_from(named), label="named")
        holder[key] = f"{holder[key]}-other"


def change_type(events: Events, data: st.DataObject) -> None:
    """An event that fails instead of completing, or the like."""
    event = events[_place(events, data)]
    found = str(event.get("eventType"))
    for end in ENDS:
        if found.endswith("_" + end.upper()):
            other = data.draw(st.sampled_from(ENDS))
            event["eventType"] = found.removesuffix(end.upper()) + other.upper()
            return


def _field(events: Events, data: st.DataObject) -> tuple[dict[str, Any], str]:
    return data.draw(st.sampled_from(list(_fields(events))), label="field")


def _fields(value: Any) -> "list[tuple[dict[str, Any], str]]":
    """Each key of each dict within, with the dict."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [f for inner in value.values() for f in _fields(inner)]
    return [f for inner in value for f in _fields(inner)] if isinstance(value, list) else []


def _newest_first(text: str) -> str:
    return json.dumps({"events": json.loads(text)["events"][::-1]})


def _same(text: str) -> str:
    return text


CHANGES = [
    drop_event, double_event, swap_events, cut_end, cut_start,
    drop_field, change_field, take_field, rename_type, change_type,
]  # fmt: skip
SPELLINGS = [_same, _same, _same, in_older_spelling, _newest_first]
