"""A run told as moments in causal order, and as what lasted between them: what the timeline draws and says. Pure."""

from stagedflow.lab.facts import Facts
from stagedflow.widgets.timeline.tale.activities import tell_activities
from stagedflow.widgets.timeline.tale.moments import Moment, Notes, Stretch, Tale, plain
from stagedflow.widgets.timeline.tale.tasks import tell_events, tell_gates, tell_replays, tell_tasks
from stagedflow.widgets.timeline.tale.workers import Cast, tell_acts

__all__ = ["Moment", "Stretch", "Tale", "plain", "tell"]


def tell(facts: Facts) -> Tale:
    """Read the moments of a run, and what lasted between them, off its facts."""
    facts = facts.by_the_servers_clock()
    run, notes = facts.run, Notes()
    cast = Cast(notes, facts)
    tell_events(notes, run)
    tell_tasks(notes, run, cast)
    tell_gates(notes, run)
    tell_activities(notes, facts, cast)
    tell_replays(notes, facts.trace, cast)
    tell_acts(notes, run, cast)
    return Tale(plain(run.workflow_type), run.status, cast.start, notes.in_order(), tuple(notes.stretches))
