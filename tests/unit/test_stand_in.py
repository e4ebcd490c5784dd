"""Payloads that cannot be decoded: said so, and replayed as what they are."""

import base64
import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter, PayloadCodec

from stagedflow import StagedWorkflow, record_replay
from stagedflow.replay.saved.stand_in import (
    StandInPayloadConverter,
    UndecodedPayload,
    unknown_encodings,
    with_stand_ins,
)
from tests.conftest import FIXTURES
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load
from tests.unit import stubborn

SECRET = Payload(metadata={"encoding": b"binary/encrypted", "key-id": b"k1"}, data=b"\x00\x01\xff")


def encrypted(text: str, *keys: str) -> dict[str, Any]:
    """The history with each payload (or those under these keys) "encrypted": reversed, its encoding kept aside."""

    def walk(node: Any, inside: bool) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, inside)
        elif isinstance(node, dict):
            if "data" in node and "encoding" in node.get("metadata", {}) and inside:
                node["metadata"]["was"] = node["metadata"]["encoding"]
                node["metadata"]["encoding"] = base64.b64encode(b"binary/encrypted").decode()
                node["data"] = base64.b64encode(base64.b64decode(node["data"])[::-1]).decode()
            for key, value in node.items():
                walk(value, inside or key in keys)

    data: dict[str, Any] = json.loads(text)
    walk(data, not keys)
    return data


class Reversing(PayloadCodec):
    """Decodes what `encrypted` did."""

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return [
            Payload(metadata={"encoding": p.metadata["was"]}, data=p.data[::-1]) if "was" in p.metadata else p
            for p in payloads
        ]


class WrongKey(Reversing):
    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        raise PermissionError("wrong key")


@pytest.fixture
def history() -> dict[str, Any]:
    return encrypted((FIXTURES / "completed.json").read_text())


async def test_an_encrypted_history_replays_without_its_codec_and_says_so(history: dict[str, Any]) -> None:
    """The real workflow compares its signals' arguments with its stage, so it is not asked to understand them."""
    keep = encrypted((FIXTURES / "completed.json").read_text(), "activityTaskCompletedEventAttributes")
    trace = await record_replay(keep, workflows=[StagedWorkflow])
    assert trace.failure is None and len(trace.steps) == 8
    (note,) = trace.notes
    assert "cannot be decoded (binary/encrypted)" in note and "Pass the `data_converter=`" in note


async def test_what_cannot_be_decoded_is_shown_as_that_and_passed_on(history: dict[str, Any]) -> None:
    history["events"] = history["events"][:19]
    trace = await record_replay(history, workflows=[stubborn.PassesOn])
    assert trace.failure is None
    assert trace.steps[0].locals["rollout"].startswith("<payload that cannot be decoded: binary/encrypted, ")
    assert trace.steps[-1].state["stages"].startswith("[<payload that cannot be decoded: binary/encrypted, ")
    assert [c.text for s in trace.steps for c in s.commands][1] == "schedule activity stage_firmware"


async def test_code_that_looks_inside_is_told_why_it_cannot(history: dict[str, Any]) -> None:
    trace = await record_replay(history, workflows=[stubborn.LooksInside])
    assert trace.failure is not None and trace.failure.kind == "raised"
    assert "it has no 'fleet'" in trace.failure.text and "data_converter" in trace.failure.text
    assert trace.notes


async def test_with_its_codec_it_is_as_if_nothing_was_encrypted(history: dict[str, Any]) -> None:
    converter = dataclasses.replace(DataConverter.default, payload_codec=Reversing())
    trace = await record_replay(history, workflows=[StagedWorkflow], data_converter=converter)
    plain = await record_replay(FIXTURES / "completed.json", workflows=[StagedWorkflow])
    assert (trace.failure, trace.notes) == (None, ())
    assert [s.locals for s in trace.steps] == [s.locals for s in plain.steps]
    assert [s.state for s in trace.steps] == [s.state for s in plain.steps]


async def test_a_codec_that_fails_is_told_as_no_fault_of_the_code(history: dict[str, Any]) -> None:
    converter = dataclasses.replace(DataConverter.default, payload_codec=WrongKey())
    trace = await record_replay(history, workflows=[StagedWorkflow], data_converter=converter)
    assert trace.failure is not None
    assert trace.failure.text == (
        "A workflow task failed before the workflow's code came to run: PermissionError: wrong key"
    )


@pytest.mark.parametrize("name", CASES)
def test_a_history_that_decodes_is_replayed_with_exactly_the_given_converter(name: str) -> None:
    assert unknown_encodings(load(name).events) == ()
    converter, note = with_stand_ins(DataConverter.default, load(name).events)
    assert converter is DataConverter.default and note == ""


def test_a_converter_of_ones_own_is_left_alone(history: dict[str, Any]) -> None:
    events = WorkflowHistory.from_json("w", history).events
    own = dataclasses.replace(DataConverter.default, payload_codec=Reversing())
    assert with_stand_ins(own, events) == (own, "")


def test_every_encoding_is_found_and_made_printable(history: dict[str, Any]) -> None:
    events = WorkflowHistory.from_json("w", history).events
    assert unknown_encodings(events) == ("binary/encrypted",)
    events[0].workflow_execution_started_event_attributes.input.payloads[0].metadata["encoding"] = b"<b>\x07\xff"
    assert unknown_encodings(events) == ("<b> \ufffd", "binary/encrypted")


def test_a_stand_in_is_encoded_to_the_very_same_payload() -> None:
    converter = StandInPayloadConverter()
    (value,) = converter.from_payloads([SECRET], [int])
    assert isinstance(value, UndecodedPayload)
    assert converter.to_payloads([value]) == [SECRET]
    assert repr(value) == "<payload that cannot be decoded: binary/encrypted, 3 bytes>"


def test_within_another_value_it_is_encoded_as_what_it_says() -> None:
    (payload,) = StandInPayloadConverter().to_payloads([{"held": [UndecodedPayload(SECRET)]}])
    assert json.loads(payload.data) == {"held": ["<payload that cannot be decoded: binary/encrypted, 3 bytes>"]}


def test_what_can_be_decoded_is_decoded_as_ever() -> None:
    ours, theirs = StandInPayloadConverter(), DataConverter.default.payload_converter
    values = [1, "x", None, b"bytes", {"a": [1]}]
    assert ours.to_payloads(values) == theirs.to_payloads(values)
    assert ours.from_payloads(theirs.to_payloads(values)) == values
    with pytest.raises(Exception) as ours_raised:
        ours.from_payloads(theirs.to_payloads(["x"]), [int])
    with pytest.raises(Exception) as theirs_raised:
        theirs.from_payloads(theirs.to_payloads(["x"]), [int])
    assert str(ours_raised.value) == str(theirs_raised.value)
