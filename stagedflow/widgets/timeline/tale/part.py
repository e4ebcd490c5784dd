"""A part of a run's history that can be told by itself: from one moment at which nothing is under way to another."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from stagedflow.history.runs import Activity, Event, Run, Signal, WorkflowTask
from stagedflow.widgets.timeline.tale.moments import Moment

Item = TypeVar("Item")


@dataclass(frozen=True)
class Standing:
    """How a run stands when a part of it begins.

    Attributes:
        place: How many events there were before.
        opened: How many activities, timers and child workflows are open.
        completed: How many activities have completed.
        parked_at: The number of activities that had completed when the run was parked last, or None.
        task: The workflow task that was completed last, or None.
        left: The end of the run's being parked, which the first event after it brings about, or None.
    """

    place: int = 0
    opened: int = 0
    completed: int = 0
    parked_at: int | None = None
    task: WorkflowTask | None = None
    left: Moment | None = None


@dataclass(frozen=True)
class Part:
    """A part of a run.

    Attributes:
        before: How the run stood before it.
        activities: Those that were scheduled in it, with their places among the run's.
        following: The event after it, or None.
        ids: The ids of the events that belong to it: from the first up to, and without, the second.
        times: What happened after the first and not after the second belongs to it, if history does not say.
    """

    before: Standing
    events: tuple[Event, ...]
    tasks: tuple[WorkflowTask, ...]
    activities: tuple[tuple[int, Activity], ...]
    signals: tuple[Signal, ...]
    following: Event | None
    ids: tuple[float, float]
    times: tuple[float, float]

    @classmethod
    def of(cls, run: Run, before: Standing, end: int | None = None) -> "Part":
        """What comes after `before`, up to the event at the place `end`, which is the following one."""
        events, begin = run.events, before.place
        following = events[end] if end is not None else None
        ids = (events[begin].id if begin else -inf, following.id if following else inf)

        def within(items: Sequence[Item], id: Callable[[Item], float]) -> slice:
            return slice(bisect_left(items, ids[0], key=id), bisect_left(items, ids[1], key=id))

        tasks = within(run.tasks, lambda task: task.scheduled.id)
        activities = within(run.activities, lambda activity: activity.scheduled.id)
        return cls(
            before,
            events[begin:end],
            run.tasks[tasks],
            tuple(enumerate(run.activities[activities], activities.start)),
            run.signals[within(run.signals, lambda signal: signal.event.id)],
            following,
            ids,
            (events[begin - 1].at if begin else -inf, events[end - 1].at if end else inf),
        )

    @property
    def is_over(self) -> bool:
        """True if nothing in it can go on."""
        closed = all(task.closed for task in self.tasks) and all(activity.closed for _, activity in self.activities)
        return closed and self.times[0] <= self.times[1] < inf

    def has(self, at: float, event_id: float | None = None) -> bool:
        """True if what happened at this time, or at this event, belongs to this part."""
        if event_id is not None:
            return self.ids[0] <= event_id < self.ids[1]
        return self.times[0] < at <= self.times[1]
