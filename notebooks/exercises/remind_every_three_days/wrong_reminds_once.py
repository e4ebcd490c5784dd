# gets: On day 10 without an approval `remind` has run once
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def remind(fleet: str) -> None:
    """Stands for a message to the one who approves."""


@workflow.defn
class Reminders:
    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self, fleet: str) -> int:
        try:
            await workflow.wait_condition(lambda: self.approved, timeout=timedelta(days=3))
            return 0
        except TimeoutError:
            await workflow.execute_activity(remind, fleet, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: self.approved)
        return 1

    @workflow.signal
    def approve(self) -> None:
        self.approved = True
