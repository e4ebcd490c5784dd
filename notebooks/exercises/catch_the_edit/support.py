"""A workflow of which runs are in flight, and edits of it: safe ones, and ones that those runs cannot replay."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

TWO_WEEKS = timedelta(weeks=2)
MINUTE = timedelta(minutes=1)


@activity.defn
async def stage() -> None:
    """Copy the firmware to the devices."""


@activity.defn
async def flash() -> None:
    """Switch the devices over."""


@activity.defn
async def clean_up() -> None:
    """Take the firmware off the devices again."""


@workflow.defn
class Release:
    """Stages, waits two weeks for the approval, then flashes; without approval it cleans up."""

    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self) -> str:
        """Return "flashed" or "expired"."""
        await workflow.execute_activity(stage, start_to_close_timeout=MINUTE)
        try:
            await workflow.wait_condition(lambda: self.approved, timeout=TWO_WEEKS)
        except TimeoutError:
            await workflow.execute_activity(clean_up, start_to_close_timeout=MINUTE)
            return "expired"
        await workflow.execute_activity(flash, start_to_close_timeout=MINUTE)
        return "flashed"

    @workflow.signal
    def approve(self) -> None:
        """The release is approved."""
        self.approved = True


@workflow.defn(name="Release")
class Patched(Release):
    """New runs stage twice; old ones go on as they began."""

    @workflow.run
    async def run(self) -> str:
        """As above, edited."""
        if workflow.patched("stage-twice"):
            await workflow.execute_activity(stage, start_to_close_timeout=MINUTE)
        return await super().run()


@workflow.defn(name="Release")
class StagesTwice(Release):
    """The same edit without patched."""

    @workflow.run
    async def run(self) -> str:
        """As above, edited."""
        await workflow.execute_activity(stage, start_to_close_timeout=MINUTE)
        return await super().run()


@workflow.defn(name="Release")
class SettlesFirst(Release):
    """A pause before flashing."""

    @workflow.run
    async def run(self) -> str:
        """As above, edited."""
        await workflow.execute_activity(stage, start_to_close_timeout=MINUTE)
        try:
            await workflow.wait_condition(lambda: self.approved, timeout=TWO_WEEKS)
        except TimeoutError:
            await workflow.execute_activity(clean_up, start_to_close_timeout=MINUTE)
            return "expired"
        await workflow.sleep(MINUTE)
        await workflow.execute_activity(flash, start_to_close_timeout=MINUTE)
        return "flashed"


@workflow.defn(name="Release")
class LeavesItThere(Release):
    """Cleans up no more."""

    @workflow.run
    async def run(self) -> str:
        """As above, edited."""
        await workflow.execute_activity(stage, start_to_close_timeout=MINUTE)
        try:
            await workflow.wait_condition(lambda: self.approved, timeout=TWO_WEEKS)
        except TimeoutError:
            return "expired"
        await workflow.execute_activity(flash, start_to_close_timeout=MINUTE)
        return "flashed"


@dataclass(frozen=True)
class Edit:
    """What the tests get: a workflow, and whether the folder holds histories."""

    workflow: type
    with_histories: bool = True


RIGHT = {
    "the unedited workflow": Edit(Release),
    "an edit behind workflow.patched, which old runs can replay": Edit(Patched),
}
BROKEN = {
    "an edit that adds an activity at the top: no old run can replay it": Edit(StagesTwice),
    "an edit that adds a timer before flash: a run that was approved cannot replay it": Edit(SettlesFirst),
    "an edit that drops clean_up: a run that expired cannot replay it": Edit(LeavesItThere),
    "an empty folder: a test that replays nothing proves nothing": Edit(Release, with_histories=False),
}
