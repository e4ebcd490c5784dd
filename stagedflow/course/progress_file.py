"""The learner's progress: one JSON file, read and written whole, by several kernels at once if need be."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stagedflow.course.home import home, make_home

LOCK_SECONDS = 2.0
"""After so long, whoever holds the lock is not waited for: what is noted is kept in memory, and written later."""

_Note = tuple[str, str, dict[str, Any]]
_waiting: list[_Note] = []
"""What could not be written yet, in order: kind, name and values."""


def path() -> Path:
    """The file; it may not be there yet."""
    return home() / "progress.json"


def read() -> dict[str, Any]:
    """`{"exercises": {name: {...}}, "predictions": {id: {...}}}`; empty if there is no file, or a broken one."""
    return _with(_waiting, {**_empty(), **(_parsed(path()) or {})})


def note(kind: str, name: str, **values: Any) -> None:
    """Add values to one entry. Where nothing can be written, they are kept until it can, or this kernel ends.

    Args:
        kind: "exercises" or "predictions".
        name: Of the entry.
        values: What to set; a function is given the value that is there.
    """
    _waiting.append((kind, name, values))
    with _locked() as writable:
        if writable and _written(read()):
            _waiting.clear()


def _with(notes: list[_Note], told: dict[str, Any]) -> dict[str, Any]:
    for kind, name, values in notes:
        entry = told[kind].setdefault(name, {})
        entry.update({key: value(entry.get(key)) if callable(value) else value for key, value in values.items()})
    return told


def trouble() -> str:
    """Why progress is not kept in the file, in words, or ""."""
    return f"Progress cannot be written to {path()}: it is kept until this kernel ends." if _waiting else ""


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
    except (ValueError, TypeError, AttributeError, RecursionError):
        # A learner's file is never thrown away: it waits under another name for somebody to look at it.
        with contextlib.suppress(OSError):
            file.replace(file.with_name(f"{file.name}.unreadable"))
        return None


@contextlib.contextmanager
def _locked() -> Iterator[bool]:
    """Held while the file is read and written; yields False where that cannot be, or not soon."""
    try:
        make_home()
        lock = os.open(path().with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield False
        return
    try:
        yield _is_mine(lock)
    finally:
        os.close(lock)


def _is_mine(lock: int) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        except OSError:  # a file system without locks
            return False


def _written(told: dict[str, Any]) -> bool:
    draft = path().with_suffix(".draft")
    try:
        text = json.dumps(told, indent=1, sort_keys=True) + "\n"  # in ASCII: half a character can be written, too
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(path())
        return True
    except (OSError, ValueError, TypeError, RecursionError):
        return False
