"""A run told as moments in causal order, and as what lasted between them: what the timeline draws and says. Pure."""

from stagedflow.widgets.timeline.tale.chapters import Teller, tell
from stagedflow.widgets.timeline.tale.moments import Moment, Stretch, Tale, plain

__all__ = ["Moment", "Stretch", "Tale", "Teller", "plain", "tell"]
