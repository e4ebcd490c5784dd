"""Reading a history that was exported: by Temporal's Web UI, its CLI, or an SDK's `to_json`."""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import Error as ProtobufError
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from stagedflow.errors import LabError
from stagedflow.replay.saved.whole_history import HOW_TO_EXPORT, whole
from stagedflow.replay.words import one_line

UNNAMED = "unknown-workflow-id"
"""The id that the code is given where a history does not hold the workflow's."""
_UNREADABLE = (ProtobufError, ValueError, TypeError, KeyError, AttributeError, RecursionError, SystemError)
"""What the SDK raises for JSON that is no history: it expects one. `SystemError` is protobuf's, of half a character."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    # PowerShell's `>` writes this one.
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BARE_UTF_16 = ((b"{\0", "utf-16-le"), (b"[\0", "utf-16-le"), (b"\0{", "utf-16-be"), (b"\0[", "utf-16-be"))
_JSON = re.compile(r'[\ufeff \t\r\n]*("\s*)?[{[]')
"""How a history's text begins, also of one that was encoded twice; no path does."""
_READABLE = re.compile(r'"encoding"\s*:\s*"(?:json|binary)/')
"""A payload's encoding in plain words. In a history that can be replayed it is in base64, as all of a payload is."""


def read_history(source: WorkflowHistory | str | Path | Mapping[str, Any]) -> WorkflowHistory:
    """The history in `source`, complete and in order.

    Args:
        source: A history, the path of a JSON file, JSON text, or what `json` made of it.

    Returns:
        The history without the events that a server shows ahead of a retried workflow task: they are not in it yet.

    Raises:
        LabError: There is no such file, it holds no history, or only a part of one; says which, and how to export one.
    """
    if isinstance(source, WorkflowHistory):
        return whole(source.workflow_id, source.events, "This history")
    if isinstance(source, Mapping):
        return _parsed(dict(source), "This dict")
    if isinstance(source, str) and _JSON.match(source):
        return _parsed(source.lstrip("\ufeff"), "This text")
    if not isinstance(source, str | Path):
        raise LabError(
            "A history is a WorkflowHistory, a path, JSON text, a dict or a workflow's handle; "
            f"this is a {type(source).__name__}."
        )
    return _parsed(_text_of(source), f"{Path(source).name!r}")


def _text_of(source: str | Path) -> str:
    name = str(source) if len(str(source)) <= 200 else f"{str(source)[:200]}…"
    try:
        data = Path(source).read_bytes()
    except IsADirectoryError as error:
        raise LabError(f"{name!r} is a folder. Name the file of a history in it. {HOW_TO_EXPORT}") from error
    except FileNotFoundError as error:
        either = ", and that is no JSON text either" if isinstance(source, str) else ""
        raise LabError(f"There is no file {name!r} here{either}. {HOW_TO_EXPORT}") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a null character in it
        raise LabError(f"{name!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise LabError(f"{name!r} is compressed, and cannot be decompressed: {error}. {HOW_TO_EXPORT}") from error
    encoding = next((name for mark, name in (*_BYTE_ORDER_MARKS, *_BARE_UTF_16) if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LabError(f"{name!r} is no text: a history is read from its JSON. {HOW_TO_EXPORT}") from error


def _parsed(source: str | dict[str, Any], name: str) -> WorkflowHistory:
    if _READABLE.search(source if isinstance(source, str) else _dumped(source)):
        raise LabError(
            f'{name} was exported with its payloads made readable, as the Web UI\'s format "Human Readable" does. A '
            f"replay needs them as they are on the server: choose another format. {HOW_TO_EXPORT}"
        )
    # The SDK parses text once, but copies a dict: so a file goes in as text, and is looked at only if that fails.
    try:
        events = WorkflowHistory.from_json("", source).events
    except _UNREADABLE as error:
        data = _loaded(source, name)
        wrapped = _unwrapped(data, name)
        if wrapped is None:
            raise LabError(_what_is_wrong(data, name, error)) from error
        events = _parsed_again(wrapped, name)
    return whole("", events, name)


def _dumped(source: dict[str, Any]) -> str:
    try:
        return json.dumps(source)
    except (ValueError, TypeError, RecursionError):
        return ""


def _parsed_again(data: dict[str, Any], name: str) -> Sequence[HistoryEvent]:
    try:
        return WorkflowHistory.from_json("", data).events
    except _UNREADABLE as error:
        raise LabError(_what_is_wrong(data, name, error)) from error


def _loaded(source: str | dict[str, Any], name: str) -> Any:
    if isinstance(source, dict):
        return source
    try:
        return json.loads(source)
    except RecursionError as error:
        raise LabError(f"{name} is nested too deeply for a history. {HOW_TO_EXPORT}") from error
    except ValueError as error:
        if lines := _json_lines(source):
            return lines
        whole = source.rstrip().rpartition("\n")[0]
        if lines := _json_lines(whole):
            raise LabError(
                f"{name} has an event in each line, and ends in the middle of line {len(lines) + 1}: the export was "
                f"cut off. Export it again. {HOW_TO_EXPORT}"
            ) from error
        if not source.strip():
            raise LabError(f"{name} is empty. {HOW_TO_EXPORT}") from error
        place = getattr(error, "pos", 0)
        if (source.lstrip().startswith(("{", "[")) and place >= len(source.rstrip()) - 1) or _unterminated(error):
            raise LabError(
                f"{name} ends in the middle of its JSON ({len(source):,} characters): the export was cut off. "
                f"Export it again. {HOW_TO_EXPORT}"
            ) from error
        raise LabError(f"{name} is not JSON: {error}. {HOW_TO_EXPORT}") from error


def _unterminated(error: ValueError) -> bool:
    return "Unterminated string" in str(error)


def _json_lines(source: str) -> list[Any] | None:
    """One event a line, as `--output jsonl` prints it."""
    try:
        found = [json.loads(line) for line in source.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None
    return found if found and all(isinstance(e, dict) and "eventId" in e for e in found) else None


def _unwrapped(data: Any, name: str) -> dict[str, Any] | None:
    """The history inside the other forms in which histories are passed on, or None."""
    if isinstance(data, list) and data and all(isinstance(e, dict) and "eventId" in e for e in data):
        return {"events": data}
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict):
        return data[0] if "events" in data[0] else _unwrapped(data[0], name)
    if isinstance(data, dict) and isinstance(data.get("history"), dict) and "events" in data["history"]:
        if data.get("nextPageToken"):
            raise LabError(
                f"{name} holds one page of a history: it has a nextPageToken, so there are more. "
                f"Fetch all pages. {HOW_TO_EXPORT}"
            )
        return dict(data["history"])
    return None


def _what_is_wrong(data: Any, name: str, error: Exception) -> str:
    if isinstance(data, dict) and isinstance(data.get("events"), list):
        if not all(isinstance(e, dict) for e in data["events"]):
            return f"{name} is no history: its `events` are not events. {HOW_TO_EXPORT}"
        words = one_line(str(error.__cause__ if isinstance(error, SystemError) else error))
        words = re.sub(r" +", " ", words).rstrip(" .")
        hint = "The Web UI can export payloads decoded; export them as they are. " if "payload" in words.lower() else ""
        return f"{name} is no history that Temporal's SDK can read: {words}. {hint}{HOW_TO_EXPORT}"
    if isinstance(data, dict):
        if "workflowExecutionInfo" in data or "executionConfig" in data:
            return f"{name} is a workflow's description, not its history. {HOW_TO_EXPORT}"
        found = f"an object with {', '.join(repr(str(k)[:40]) for k in list(data)[:5])}" if data else "an empty object"
    else:
        found = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(data), "a number")
    return f"{name} is JSON, but no history: it is {found}; a history has a list `events`. {HOW_TO_EXPORT}"


def with_id(history: WorkflowHistory, workflow_id: str | None) -> tuple[WorkflowHistory, str]:
    """The history under its workflow's id, and a note if nobody knows that id ("" if it is known).

    Args:
        history: As `read_history` gives it.
        workflow_id: The id where the history does not hold it, or None.

    Raises:
        LabError: The history holds another id.
    """
    known = history.workflow_id
    if workflow_id and known and workflow_id != known:
        raise LabError(f"This history is the one of the workflow {known!r}, not of {workflow_id!r}.")
    if known or workflow_id:
        return WorkflowHistory(known or str(workflow_id), history.events), ""
    return WorkflowHistory(UNNAMED, history.events), (
        f"This history does not hold its workflow's id, so the code was given the id {UNNAMED!r}. If the code uses its "
        "id, as for a child workflow's, it may do something else here than it did then: give the id (`workflow_id=`, "
        "or --workflow-id on the command line)."
    )
