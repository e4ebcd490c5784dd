"""The learner's progress: one JSON file, read and written whole, by several kernels at once if need be."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stagedflow.course.home import home

_unkept: dict[str, Any] = {}
"""What could not be written, for as long as this kernel lives."""


def path() -> Path:
    """The file; it may not be there yet."""
    return home() / "progress.json"


def read() -> dict[str, Any]:
    """`{"exercises": {name: {...}}, "predictions": {id: {...}}}`; empty if there is no file, or a broken one."""
    return {**_empty(), **(_unkept or _parsed(path()) or {})}


def note(kind: str, name: str, **values: Any) -> None:
    """Add values to one entry. Where nothing can be written, they are kept for this kernel only."""
    with _locked() as writable:
        told = read()
        entry = told[kind].setdefault(name, {})
        entry.update({key: value(entry.get(key)) if callable(value) else value for key, value in values.items()})
        if not writable or not _written(told):
            _unkept.update(told)


def trouble() -> str:
    """Why progress is not kept in the file, in words, or ""."""
    return f"Progress cannot be written to {path()}: it is kept until this kernel ends." if _unkept else ""


def _empty() -> dict[str, Any]:
    return {"exercises": {}, "predictions": {}}


def _parsed(file: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        # Anything may have been written there by hand.
        kept = {kind: {k: v for k, v in told[kind].items() if isinstance(v, dict)} for kind in _empty() if kind in told}
        return {**told, **kept}
    except OSError:
        return None
    except (ValueError, TypeError, AttributeError):
        # A learner's file is never thrown away: it waits under another name for somebody to look at it.
        with contextlib.suppress(OSError):
            file.replace(file.with_name(f"{file.name}.unreadable"))
        return None


@contextlib.contextmanager
def _locked() -> Iterator[bool]:
    """Held while the file is read and written; yields False where the folder cannot be written to."""
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path().with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield True
    finally:
        os.close(lock)


def _written(told: dict[str, Any]) -> bool:
    try:
        draft = path().with_suffix(".draft")
        draft.write_text(json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path())
        return True
    except OSError:
        return False
