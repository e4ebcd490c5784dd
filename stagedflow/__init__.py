"""stagedflow: run a staged Temporal workflow in a notebook, kill its worker, and watch it replay.

The names below load on first use: a workflow sandbox imports this package anew for every run, and the command line
must answer at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stagedflow.errors import LabError, LabTimeout
    from stagedflow.lab.lab import Lab
    from stagedflow.replay.saved.replayer import record_replay
    from stagedflow.replay.trace import ReplayStep, ReplayTrace
    from stagedflow.staged import Rollout, StagedWorkflow
    from stagedflow.widgets.panel.panel import StagePanel
    from stagedflow.widgets.viewer.compare import Comparison, compare
    from stagedflow.widgets.viewer.viewer import ReplayViewer

_HOMES = {
    "Comparison": "widgets.viewer.compare",
    "Lab": "lab.lab",
    "LabError": "errors",
    "LabTimeout": "errors",
    "ReplayStep": "replay.trace",
    "ReplayTrace": "replay.trace",
    "ReplayViewer": "widgets.viewer.viewer",
    "Rollout": "staged",
    "StagePanel": "widgets.panel.panel",
    "StagedWorkflow": "staged",
    "compare": "widgets.viewer.compare",
    "record_replay": "replay.saved.replayer",
}

__all__ = [
    "Comparison",
    "Lab",
    "LabError",
    "LabTimeout",
    "ReplayStep",
    "ReplayTrace",
    "ReplayViewer",
    "Rollout",
    "StagePanel",
    "StagedWorkflow",
    "compare",
    "record_replay",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
