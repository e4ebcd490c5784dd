"""A panel's story as a picture for a saved notebook: the same bytes for the same story."""

import base64
from dataclasses import dataclass

from stagedflow.lab.facts import Facts
from stagedflow.widgets.escaping import escape
from stagedflow.widgets.timeline.timeline import snapshot_svg, story


@dataclass(frozen=True)
class Snapshot:
    """What `StagePanel.snapshot()` gives: shown as an `<img>`, which survives in a notebook that nobody trusts yet.

    Attributes:
        moments: The story in words, in the order of events.
        svg: The picture, with event order as its axis.
    """

    moments: tuple[str, ...]
    svg: str

    @classmethod
    def of(cls, facts: Facts) -> "Snapshot":
        """The snapshot of one moment's facts."""
        return cls(story(facts), snapshot_svg(facts))

    def text(self) -> str:
        """The picture's text twin: one moment a line."""
        return "\n".join(f"{number:2}. {moment}" for number, moment in enumerate(self.moments, 1))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        data = base64.b64encode(self.svg.encode()).decode()
        alt = escape("Timeline of the run: " + "; ".join(self.moments) + ".")
        html = f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
        return {"text/html": html, "text/plain": self.text()}

    def __repr__(self) -> str:
        return self.text()
