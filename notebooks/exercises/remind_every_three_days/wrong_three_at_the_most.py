# gets: On day 20 without an approval `remind` has run 3 times
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
        reminders = 0
        for _ in range(3):
            try:
                await workflow.wait_condition(lambda: self.approved, timeout=timedelta(days=3))
                return reminders
            except TimeoutError:
                await workflow.execute_activity(remind, fleet, start_to_close_timeout=timedelta(seconds=10))
                reminders += 1
        await workflow.wait_condition(lambda: self.approved)
        return reminders

    @workflow.signal
    def approve(self) -> None:
        self.approved = True
