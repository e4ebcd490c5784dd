"""What a payload of the viewer shows, whatever the places of its texts, paths and files in their tables."""

from collections.abc import Mapping
from typing import Any


def shown(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with each place in a table replaced by what stands there."""
    texts, files, steps, events = payload["texts"], payload["files"], payload["steps"], payload["events"]

    def groups(flat: list[int], size: int, places: tuple[int, ...], file: int | None = None) -> list[Any]:
        return [
            texts[n] if k % size in places and n >= 0 else files[n]["name"] if k % size == file and files else n
            for k, n in enumerate(flat)
        ]

    return {
        **{key: payload[key] for key in ("version", "type", "start", "workers", "failure", "notes", "files")},
        **{key: steps.get(key) for key in ("how", "first", "last", "worker", "at", "cut")},
        "jobs": [groups(flat, 3, (0, 2)) for flat in steps["jobs"]],
        "lines": [payload["paths"][n] for n in steps["lines"]],
        "waiting": [groups(payload["waits"][n], 4, (0, 1), 3) for n in steps["waiting"]],
        "commands": [groups(flat, 4, (0,), 2) for flat in steps["commands"]],
        "effects": {step: groups(flat, 3, (0,), 2) for step, flat in steps["effects"].items()},
        "failures": {step: texts[n] for step, n in steps["failure"].items()},
        "state": [groups(flat, 2, (0, 1)) for flat in steps["state"]],
        "locals": [groups(flat, 2, (0, 1)) for flat in steps["locals"]],
        "events": [(texts[t], texts[x]) for t, x in zip(events["type"], events["text"], strict=True)],
        "after": events["after"],
        "ids": events.get("id"),
    }
