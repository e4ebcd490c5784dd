"""Code that could not even be called: its parameters do not fit the arguments that history holds."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from traceback import walk_tb
from typing import Any

from temporalio.worker import ExecuteWorkflowInput, HandleSignalInput, HandleUpdateInput

from stagedflow.replay import _sdk
from stagedflow.replay.sources import definition_line

_INPUTS = (ExecuteWorkflowInput, HandleSignalInput, HandleUpdateInput)


@dataclass(frozen=True)
class Uncalled:
    """A function that was not entered.

    Attributes:
        file: Where it is defined.
        line: The line of its `def`.
        given: How many arguments history holds for it.
    """

    file: str
    line: int
    given: int


def uncalled(error: BaseException | None) -> Uncalled | None:
    """What could not be called, if that is why this was raised; None if it was raised for another reason."""
    if not isinstance(error, TypeError):
        return None
    frames = [frame.f_locals for frame, _ in walk_tb(error.__traceback__)]
    names = next((names for names in reversed(frames) if isinstance(names.get("input"), _INPUTS)), None)
    if names is None:
        return None
    given = names["input"]
    called = given.run_fn if isinstance(given, ExecuteWorkflowInput) else names.get(_sdk.HANDLER)
    if _sdk.BOUND in frames[-1]:
        called = frames[-1][_sdk.BOUND]
    called = called.func if isinstance(called, partial) else called
    code = getattr(inspect.unwrap(called), "__code__", None) if callable(called) else None
    if code is None:
        return None
    # A method's definition takes the workflow object, too; a function that was set at run time is called as it is.
    own = () if inspect.ismethod(called) or called is names.get(_sdk.HANDLER) else (None,)
    if _fits(called, (*own, *given.args)):
        return None
    return Uncalled(code.co_filename, definition_line(code), len(given.args))


def _fits(called: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    try:
        inspect.signature(called).bind(*arguments)
    except TypeError:
        return False
    return True
