"""The trace of a run that still goes on: what the workers wrote, beside the history that is known so far."""

from typing import Any

from stagedflow.ledger.reader import Activation, Ledger
from stagedflow.replay.events import EventTeller
from stagedflow.replay.matching import match
from stagedflow.replay.trace import ReplayTrace, TraceEvent, WorkerLife


class LiveTrace:
    """Reads only what is new from the ledger, and makes the trace anew only if something is.

    Args:
        ledger: The lab's ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._history: list[Any] = []
        self._teller = EventTeller()
        self._events: list[TraceEvent] = []
        self._activations: list[Activation] = []
        self._made_of: Any = None
        self._trace = ReplayTrace()

    def add(self, event: Any) -> None:
        """The server has told the next event of the run (a protobuf message of Temporal's API)."""
        self._history.append(event)
        self._events.append(self._teller.tell(event))

    def now(self, run_id: str, lives: tuple[WorkerLife, ...]) -> ReplayTrace:
        """The trace at this moment.

        Args:
            run_id: The run.
            lives: The workers that lived during the run.
        """
        after = self._activations[-1].row if self._activations else 0
        self._activations += self._ledger.activations(run_id, after=after)
        made_of = (len(self._activations), len(self._history), lives)
        if self._made_of != made_of:
            steps = match([row.step for row in self._activations], self._history)
            self._trace = self._ledger.assemble(run_id, self._activations, steps, lives, tuple(self._events))
            self._made_of = made_of
        return self._trace
