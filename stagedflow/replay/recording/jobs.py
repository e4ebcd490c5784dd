"""The jobs and commands of an activation in words, each with the key by which it is found in history."""

from collections.abc import Callable, Sequence
from typing import Any

from stagedflow.replay.recording.line_tracer import Maker, Site
from stagedflow.replay.trace import Command, Job
from stagedflow.replay.values.safe_text import without_secrets
from stagedflow.replay.words import duration, listed, one_line, spaced

MAX_ARGUMENTS = 60
"""Characters of a signal's or an update's arguments that are told."""

# A job tells the sequence number of the command that it answers: what was said of the command then, is said again.
ANSWERS = {
    "fire_timer": "timer",
    "resolve_activity": "activity",
    "resolve_child_workflow_execution_start": "child",
    "resolve_child_workflow_execution": "child",
    "resolve_signal_external_workflow": "external_signal",
    "resolve_request_cancel_external_workflow": "external_cancel",
    "resolve_nexus_operation_start": "nexus",
    "resolve_nexus_operation": "nexus",
}
CLOSING = {
    "complete_workflow_execution": "complete the workflow",
    "fail_workflow_execution": "fail the workflow",
    "cancel_workflow_execution": "close the workflow as cancelled",
    "continue_as_new_workflow_execution": "continue as new",
}


class Naming:
    """Remembers what the commands of one workflow instance were about, to name the jobs that answer them.

    A key is `group:number:id`, such as "activity:1:my-id": the SDK's sequence number, and the id in history.
    """

    def __init__(self) -> None:
        self._about: dict[str, str] = {}
        self._updates: dict[str, tuple[str, str]] = {}
        self._accepted: set[str] = set()

    def job(self, job: Any) -> Job:
        """One job of the activation."""
        kind = job.WhichOneof("variant")
        body = getattr(job, kind)
        if kind in ANSWERS:
            key = f"{ANSWERS[kind]}:{body.seq}"
            return Job(kind, f"{self._about.get(key, spaced(kind))} {_outcome(kind, body)}", key=key)
        match kind:
            case "initialize_workflow":
                return Job(kind, f"start {body.workflow_type}")
            case "signal_workflow":
                event = body.originating_event_id or None
                return Job(kind, f"signal {body.signal_name}({arguments(body.input)})", event, body.signal_name)
            case "query_workflow":
                return Job(kind, f"query {body.query_type}({arguments(body.arguments)})")
            case "do_update":
                self._updates[body.protocol_instance_id] = body.name, body.id
                return Job(kind, f"update {body.name}({arguments(body.input)})", key=f"update::{body.id}")
            case "cancel_workflow":
                return Job(kind, "cancellation of this workflow requested")
            case "notify_has_patch":
                return Job(kind, f"history holds patch {body.patch_id}", key=f"patch::{body.patch_id}")
            case "update_random_seed":
                return Job(kind, "a new seed for workflow.random")
        return Job(kind, spaced(kind))

    def command(self, command: Any, site: Site | None) -> Command:
        """One command of the completion, made at `site`."""
        kind = command.WhichOneof("variant") or "unknown"
        body = getattr(command, kind, None)
        text, key = self._told(kind, body)
        file, line = site or ("", None)
        return Command(kind, text, line, key=key, file=file)

    def _told(self, kind: str, body: Any) -> tuple[str, str]:
        if kind in CLOSING:
            more = f": {one_line(body.failure.message)}" if kind.startswith("fail") else ""
            return CLOSING[kind] + more, ""
        tell = COMMANDS.get(kind)
        if tell is None:
            return spaced(kind), ""
        if kind == "update_response":
            return self._update(body)
        verb, about, key = tell(body)
        group, number, _ = key.split(":", 2)
        if verb:
            self._about.setdefault(f"{group}:{number}", about)
            return f"{verb} {about}", key
        return f"cancel {self._about.get(f'{group}:{number}', spaced(kind))}", key

    def _update(self, body: Any) -> tuple[str, str]:
        name, id = self._updates.get(body.protocol_instance_id, ("", body.protocol_instance_id))
        verb = {"accepted": "accept", "rejected": "reject", "completed": "complete"}[body.WhichOneof("response")]
        if verb == "accept":
            self._accepted.add(id)
        elif verb == "reject" and id in self._accepted:
            verb = "fail"  # only a validator rejects; the SDK uses the same message for a handler that raises
        return f"{verb} update {name}", f"update:{verb}:{id}"


def _execution(body: Any) -> str:
    return str(body.workflow_execution.workflow_id or getattr(body, "child_workflow_id", ""))


# Kind of command -> its verb, what it is about, and its key. No verb: it takes back what another command asked for.
COMMANDS: dict[str, Callable[[Any], tuple[str, str, str]]] = {
    "schedule_activity": lambda b: ("schedule", f"activity {b.activity_type}", f"activity:{b.seq}:{b.activity_id}"),
    "schedule_local_activity": lambda b: (
        "run", f"local activity {b.activity_type}", f"activity:{b.seq}:{b.activity_id}"
    ),
    "request_cancel_activity": lambda b: ("", "", f"activity:{b.seq}:"),
    "request_cancel_local_activity": lambda b: ("", "", f"activity:{b.seq}:"),
    "start_timer": lambda b: (
        "start", f"timer {duration(b.start_to_fire_timeout.ToNanoseconds() / 1e9)}", f"timer:{b.seq}:{b.seq}"
    ),
    "cancel_timer": lambda b: ("", "", f"timer:{b.seq}:{b.seq}"),
    "start_child_workflow_execution": lambda b: (
        "start", f"child workflow {b.workflow_type}", f"child:{b.seq}:{b.workflow_id}"
    ),
    "cancel_child_workflow_execution": lambda b: ("", "", f"child:{b.child_workflow_seq}:"),
    "signal_external_workflow_execution": lambda b: (
        "send", f"signal {b.signal_name} to workflow {_execution(b)}", f"external_signal:{b.seq}:{_execution(b)}"
    ),
    "cancel_signal_workflow": lambda b: ("", "", f"external_signal:{b.seq}:"),
    "request_cancel_external_workflow_execution": lambda b: (
        "request", f"cancellation of workflow {_execution(b)}", f"external_cancel:{b.seq}:{_execution(b)}"
    ),
    "set_patch_marker": lambda b: ("record", f"patch {b.patch_id}", f"patch:{b.patch_id}:{b.patch_id}"),
    "upsert_workflow_search_attributes": lambda b: (
        "set", "search attributes " + listed(b.search_attributes.indexed_fields),
        "search::" + listed(b.search_attributes.indexed_fields)
    ),
    "modify_workflow_properties": lambda b: ("set", "memo " + listed(b.upserted_memo.fields), "memo::"),
    "respond_to_query": lambda b: ("answer", "the query", "query::"),
    "update_response": lambda b: ("", "", "update::"),
    "schedule_nexus_operation": lambda b: ("schedule", f"nexus operation {b.operation}", f"nexus:{b.seq}:{b.service}"),
    "request_cancel_nexus_operation": lambda b: ("", "", f"nexus:{b.seq}:"),
}  # fmt: skip


def _outcome(kind: str, body: Any) -> str:
    if kind == "fire_timer":
        return "fired"
    if kind in ("resolve_activity", "resolve_child_workflow_execution", "resolve_nexus_operation"):
        status = body.result.WhichOneof("status") or "resolved"
        return {"backoff": "has to back off", "timed_out": "timed out"}.get(status, str(status))
    if kind == "resolve_child_workflow_execution_start":
        return {"succeeded": "started", "failed": "could not start"}.get(str(body.WhichOneof("status")), "cancelled")
    if kind == "resolve_nexus_operation_start":
        return "could not start" if body.HasField("failed") else "started"
    return "could not be delivered" if body.HasField("failure") else "delivered"


def arguments(payloads: Any) -> str:
    """Payloads as they came, in a line: JSON is shown as it is, anything else by its encoding."""
    return one_line(", ".join(_payload(p) for p in payloads), MAX_ARGUMENTS)


def _payload(payload: Any) -> str:
    encoding = payload.metadata.get("encoding", b"").decode("utf-8", "replace")
    if encoding.startswith("json/"):
        head = str(payload.data[: 4 * MAX_ARGUMENTS], "utf-8", "replace")
        # No more is ever shown; but where there is something to hide, only the whole says where it ends.
        return head if without_secrets(head) == head else without_secrets(str(payload.data, "utf-8", "replace"))
    return "None" if encoding == "binary/null" else f"<{encoding or 'no encoding'}>"


def commands_of(naming: Naming, commands: Any, makers: Sequence[Maker]) -> tuple[Command, ...]:
    """All commands of a completion, each with its line."""
    known = makers if len(makers) == len(commands) else [Maker(None)] * len(commands)
    return tuple(naming.command(c, _site(c, maker)) for c, maker in zip(commands, known, strict=True))


def _site(command: Any, maker: Maker) -> Site | None:
    kind = command.WhichOneof("variant") or ""
    if maker.line:
        return maker.line
    if kind in CLOSING or (kind == "update_response" and not command.update_response.HasField("accepted")):
        return maker.left  # the function that it answers for has returned already
    return maker.cancelled if "cancel" in kind else maker.born
