"""The panel's replay: a verdict in words, and the viewer under it, which a button opens and closes."""

import ipywidgets

from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.panel.parts import notice
from stagedflow.widgets.viewer.viewer import ReplayViewer

SHOW, HIDE = "Replay", "Hide replay"


class ReplaySection(ipywidgets.VBox):
    """Shows what the workers really did, as it goes on.

    Attributes:
        verdict: Says in a sentence or two what the replay has shown; the panel writes it.
        button: Hides and shows the viewer, and says which; the panel has a place for it.
        viewer: The viewer of all steps up to now.
        trouble: Why the viewer cannot be drawn, if so; the panel writes it.
    """

    def __init__(self) -> None:
        self.verdict, self.trouble = ipywidgets.HTML(), ipywidgets.HTML()
        self.viewer = ReplayViewer(ReplayTrace())
        self.button = ipywidgets.ToggleButton(True, description=HIDE, layout=ipywidgets.Layout(width="auto"))
        self.button.tooltip = "Hide or show the viewer"
        self.button.observe(self._open, "value")
        super().__init__([self.verdict, self.trouble, self.viewer])

    def show(self, trace: ReplayTrace) -> str:
        """Bring the viewer up to date, if it is open; one that is closed waits until then.

        Returns:
            "": there was no trouble.
        """
        self.viewer.trace = trace
        return ""

    def _open(self, _: object) -> None:
        self.button.description = HIDE if self.button.value else SHOW
        self.viewer.layout.display = None if self.button.value else "none"
        try:
            self.viewer.paused = not self.button.value
        except Exception as error:  # told by the panel only when it draws next, which may be never
            self.trouble.value = notice(f"The viewer cannot be drawn: {type(error).__name__}: {error}", trouble=True)

    def __repr__(self) -> str:
        return f"ReplaySection({self.viewer!r})"
