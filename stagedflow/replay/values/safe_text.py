"""Values of a workflow as bounded, deterministic text, told without running a line of the learner's own code.

A `__repr__`, `__len__` or property of the learner's could change the workflow, or never end. So a type is asked by
`type`'s own methods, a value by those of the built-in type that it is, and an object with a `__repr__` of the learner's
is told by its attributes. It is asked for every attribute at every activation: it looks at no more than it shows.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from stagedflow.replay.values.attributes import own_dict, slots_of
from stagedflow.replay.values.parts import LIMIT
from stagedflow.replay.values.secret_names import HIDDEN, hides, without_secrets
from stagedflow.replay.values.teller import key_text, safe_text

__all__ = ["HIDDEN", "attributes_of", "safe_names", "safe_text", "without_secrets"]

MAX_NAMES = 50


def safe_names(values: Mapping[str, Any]) -> dict[str, str]:
    """`safe_text` of each value, under its name, at most 50 of them, in the order of the names."""
    pairs = dict.items(values) if issubclass(type(values), dict) else values.items()  # type: ignore[arg-type]
    named = [(name if type(name) is str else key_text(name), value) for name, value in pairs]
    named.sort(key=itemgetter(0))
    return {
        name if len(name) <= LIMIT and name.isprintable() else key_text(name): (
            HIDDEN if hides(name, value) else safe_text(value)
        )
        for name, value in named[:MAX_NAMES]
    }


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds: its `__slots__`, its base classes' first, and what is in its `__dict__`.

    No code of the object's class is run: properties, `__getattr__` and `__getattribute__` are not asked.
    """
    held = dict(slots_of(value))
    for name, part in dict.items(own_dict(value)):
        held[name if type(name) is str else key_text(name)] = part
    return held
