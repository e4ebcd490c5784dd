"""Workflow classes: which of those given is the one that a history needs."""

import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from stagedflow.errors import LabError
from stagedflow.replay import _sdk

DYNAMIC = "(any: it is dynamic)"
"""Stands for the type name of a dynamic workflow, which has none."""


def definition_of(cls: Any) -> Any:
    """What `@workflow.defn` left on this very class, or None if it is no workflow."""
    definition = getattr(cls, _sdk.DEFINITION, None) if isinstance(cls, type) else None
    return definition if definition is not None and definition.cls is cls else None


def type_name(definition: Any) -> str:
    """The workflow type's name."""
    return DYNAMIC if definition.name is None else str(definition.name)


def definition_for(name: str, workflows: Sequence[type], known_of_it: str = "") -> Any:
    """The definition of the workflow type `name` among `workflows`.

    Args:
        name: The history's workflow type.
        workflows: Workflow classes.
        known_of_it: A sentence about the history that may explain why none of them has this type, or "".

    Raises:
        LabError: One of them is no workflow, two have the same name, or none has this one.
    """
    if isinstance(workflows, type) or not isinstance(workflows, Sequence) or not workflows:
        raise LabError("`workflows` is a list of workflow classes, such as `workflows=[StagedWorkflow]`.")
    found: dict[str, Any] = {}
    for cls in workflows:
        definition = definition_of(cls)
        if definition is None:
            raise LabError(
                f"{_name_of(cls)} is no workflow: a workflow is a class decorated with @workflow.defn, "
                "with a @workflow.run method."
            )
        known = type_name(definition)
        if known in found:
            raise LabError(f"Two of the classes given are of the workflow type {known!r}. Give one of them.")
        found[known] = definition
    if name in found or DYNAMIC in found:
        return found.get(name, found.get(DYNAMIC))
    given = ", ".join(_told(known, definition) for known, definition in found.items())
    raise LabError(
        f"The history is one of the workflow type {name!r}, but the code given is of {given}. "
        f"{known_of_it}{' ' if known_of_it else ''}"
        f'Give the class that it was run with; an edited copy keeps the name by @workflow.defn(name="{name}").'
    )


def source_file(definition: Any) -> str:
    """The file that defines the workflow; for a class made in a cell or at a prompt, Python's name for that cell."""
    try:
        return inspect.getsourcefile(definition.cls) or ""
    except (OSError, TypeError):  # a module without a file
        return str(inspect.unwrap(definition.run_fn).__code__.co_filename)


def workflow_classes(module: ModuleType) -> tuple[str, ...]:
    """The names of the workflow classes in a module, sorted."""
    return tuple(sorted(name for name, value in vars(module).items() if definition_of(value) is not None))


def _told(name: str, definition: Any) -> str:
    return f"{name!r}" if definition.cls.__name__ == name else f"{name!r} (class {definition.cls.__name__})"


def _name_of(thing: Any) -> str:
    return getattr(thing, "__qualname__", None) or f"A {type(thing).__name__}"
