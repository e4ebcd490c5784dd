"""The trace of a run that still goes on: what the workers wrote, beside the history that is known so far."""

from typing import Any

from stagedflow.ledger.reader import Activation, Ledger
from stagedflow.replay.events import EventTeller
from stagedflow.replay.matching import Matcher
from stagedflow.replay.trace import Numbering, ReplayTrace, TraceEvent, WorkerLife


class LiveTrace:
    """Reads only what is new from the ledger, and makes the trace anew only if something is.

    Args:
        ledger: The lab's ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._teller = EventTeller()
        self._events: list[TraceEvent] = []
        self._numbering = Numbering()
        self._matcher = Matcher()
        self._last: Activation | None = None
        self._made_of: Any = None
        self._trace = ReplayTrace()

    def add(self, event: Any) -> None:
        """The server has told the next event of the run (a protobuf message of Temporal's API)."""
        self._matcher.add_event(event)
        self._events.append(self._teller.tell(event))

    def now(self, run_id: str, lives: tuple[WorkerLife, ...]) -> ReplayTrace:
        """The trace at this moment.

        Args:
            run_id: The run.
            lives: The workers that lived during the run.
        """
        for row in self._ledger.activations(run_id, after=self._last.row if self._last else 0):
            self._matcher.add_step(self._numbering.next(row.step))
            self._last = row
        made_of = (self._last, len(self._events), lives)
        if self._made_of != made_of:
            steps, events = self._matcher.matched(), tuple(self._events)
            self._trace = self._ledger.assemble(run_id, self._last, steps, lives, events)
            self._made_of = made_of
        return self._trace
