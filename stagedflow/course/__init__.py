"""The course's own part of a notebook: exercises that check what the code does, predictions, and progress.

    from stagedflow.course import check, hint, predict, progress, solution

In a notebook that line also brings the cell magics `%%exercise NAME` and `%%module NAME`. The names load on first use:
a worker that imports an exercise's helpers needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stagedflow.course.checking import check
    from stagedflow.course.help import hint, solution
    from stagedflow.course.outcome import Outcome
    from stagedflow.course.predictions import predict
    from stagedflow.course.progress_report import progress

_HOMES = {
    "Outcome": "outcome",
    "check": "checking",
    "hint": "help",
    "predict": "predictions",
    "progress": "progress_report",
    "solution": "help",
}

__all__ = ["Outcome", "check", "hint", "predict", "progress", "solution"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module(f"{__name__}.magics").register()
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext stagedflow.course`: the cell magics alone."""
    import_module(f"{__name__}.magics").register(shell)
