"""Which SDK's worker recorded a history: another language's has commands that no Python code makes."""

from collections.abc import Iterable

from temporalio.api.history.v1 import HistoryEvent

from stagedflow.replay.words import one_line

_LANGUAGES = {
    "temporal-go": "Go",
    "temporal-java": "Java",
    "temporal-typescript": "TypeScript",
    "temporal-dotnet": ".NET",
    "temporal-ruby": "Ruby",
    "temporal-php": "PHP",
    "temporal-rust": "Rust",
}
_OWN = "temporal-python"


def other_sdk(events: Iterable[HistoryEvent]) -> str:
    """A sentence about the SDK of another language that the history names, or "" if it names none.

    A worker tells its SDK with its first workflow task, and again when it has changed.
    """
    told = (event.workflow_task_completed_event_attributes.sdk_metadata for event in events)
    name, version = next(((t.sdk_name, t.sdk_version) for t in told if t.sdk_name), ("", ""))
    if not name or name == _OWN:
        return ""
    language = _LANGUAGES.get(name)
    sdk = f"Temporal's {language} SDK" if language else f"an SDK that calls itself {one_line(name, 60)}"
    end = ", not by one of the Python SDK." if language else "."
    return f"This history was recorded by a worker of {sdk}{f' {one_line(version, 40)}' if version else ''}{end}"
