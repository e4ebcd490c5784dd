"""What a worker process serves, and how: what `Lab.start_worker` was given, as another process can read it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagedflow.errors import LabError

STICKY_SECONDS = 10.0
"""How long a workflow task waits on a worker's sticky queue before it goes to the normal one (the SDK's default)."""
GRACEFUL_SECONDS = 5.0
"""How long a graceful stop lets running activities finish before it cancels them."""
Named = type | Callable[..., Any] | str
"""A workflow class or an activity function, or its "module:qualified.name"."""


@dataclass(frozen=True)
class WorkerSpec:
    """Two workers of one spec do the same work in the same way.

    Attributes:
        workflows: Each as "module:qualified.name".
        activities: Each as "module:qualified.name".
        record: Whether it records its activations.
        max_cached_workflows: How many workflows it keeps in memory between their tasks.
        python_path: Where it looks for modules first.
        limited: Whether its files and its memory are bounded.
    """

    workflows: tuple[str, ...]
    activities: tuple[str, ...]
    record: bool
    max_cached_workflows: int
    python_path: tuple[str, ...]
    limited: bool


def references(things: Sequence[Named]) -> tuple[str, ...]:
    """Name classes and functions as "module:qualified.name", for another process to import.

    Raises:
        LabError: One that no other process can import, or a text that names none.
    """
    if isinstance(things, str):
        raise LabError(f"Workflows and activities come in a list: [{things!r}].")
    return tuple(_reference(thing) for thing in things)


def folders(given: Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    """The folders of a `python_path`, as absolute paths.

    Raises:
        LabError: One that is not there.
    """
    if isinstance(given, str | os.PathLike):
        raise LabError(f"The folders of python_path come in a list: [{os.fspath(given)!r}].")
    for folder in given:
        if not Path(folder).is_dir():
            raise LabError(f"There is no folder {os.fspath(folder)!r}, so no worker can import from it.")
    return tuple(str(Path(folder).absolute()) for folder in given)


def _reference(thing: Named) -> str:
    if isinstance(thing, str):
        module, _, name = thing.partition(":")
        if not all(part.isidentifier() for part in f"{module}.{name}".split(".")):
            raise LabError(
                f"{thing!r} names no workflow or activity. It is written 'module:Name', such as "
                "'stagedflow.staged:StagedWorkflow'."
            )
    else:
        module, name = getattr(thing, "__module__", "__main__"), getattr(thing, "__qualname__", repr(thing))
    if module == "__main__" or "<" in name:
        raise LabError(
            f"{name} lives in the notebook, where a worker process cannot import it. Put it into a .py file beside "
            "the notebook and import it from there."
        )
    return f"{module}:{name}"
