"""Payloads that cannot be decoded, such as encrypted ones without their codec: they are replayed as what they are."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import zip_longest
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.common import RawValue
from temporalio.converter import (
    AdvancedJSONEncoder,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from stagedflow.replay.words import one_line

_ENCODING = re.compile(rb"\n\x08encoding\x12([\x00-\x7f])", re.DOTALL)
"""How protobuf writes a payload's entry "encoding": what follows is its length, then its value."""


class UndecodedPayload(RawValue):
    """Stands for a value whose payload has an encoding that the data converter does not know.

    It is a `RawValue`, so the SDK encodes it back to the very same payload.
    """

    def __repr__(self) -> str:
        return f"<{self._what()}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self._what()}: it has no {name!r}. Pass the worker's data_converter to record_replay.")

    def _what(self) -> str:
        encoding = encoding_name(self.payload.metadata.get("encoding", b""))
        return f"payload that cannot be decoded: {encoding}, {len(self.payload.data)} bytes"


class _Encoder(AdvancedJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, UndecodedPayload):
            return repr(o)
        if is_dataclass(o) and not isinstance(o, type):  # one level only: what it holds comes here, too
            return {f.name: getattr(o, f.name) for f in fields(o)}
        return super().default(o)


class StandInPayloadConverter(DefaultPayloadConverter):
    """Temporal's default, but for payloads of an unknown encoding, which it gives as `UndecodedPayload`."""

    def __init__(self) -> None:
        super().__init__()
        plain = JSONPlainPayloadConverter(encoder=_Encoder)
        self.converters = {**self.converters, plain.encoding.encode(): plain}

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Implements `PayloadConverter.from_payloads`."""
        values = []
        for payload, hint in zip_longest(payloads, type_hints or []):
            if payload is not None and payload.metadata.get("encoding") not in self.converters:
                values.append(UndecodedPayload(payload))
            else:
                values += super().from_payloads([payload], [hint])
        return values


def unknown_encodings(history: Iterable[HistoryEvent]) -> tuple[str, ...]:
    """The encodings of payloads in this history that Temporal's default data converter does not know, sorted."""
    known = set(DefaultPayloadConverter().converters)
    found: set[bytes] = set()
    for event in history:
        data = event.SerializeToString()
        for at in _ENCODING.finditer(data):
            found.add(data[at.end() : at.end() + at[1][0]])
    return tuple(sorted(encoding_name(e) for e in found - known))


def encoding_name(encoding: bytes) -> str:
    """The encoding as printable text."""
    return one_line(encoding.decode("utf-8", "replace")) or "no encoding"


def with_stand_ins(converter: DataConverter, history: Iterable[HistoryEvent]) -> tuple[DataConverter, str]:
    """The converter to replay with, and a note about what it cannot decode ("" if there is none).

    Only Temporal's default is changed, and only if the history holds such payloads.
    """
    if converter is not DataConverter.default or not (unknown := unknown_encodings(history)):
        return converter, ""
    kinds = ", ".join(unknown[:5])
    return (
        replace(converter, payload_converter_class=StandInPayloadConverter),
        f"This history holds payloads that cannot be decoded ({kinds}): the code was given a stand-in for each. "
        "Pass the `data_converter=` that the workflow's client and worker use, with its codec (on the command line: "
        "--converter module:object, or --plugin).",
    )
