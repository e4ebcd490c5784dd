# gets: The approval came on day 2, and the workflow still waits
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
        while True:
            await workflow.sleep(timedelta(days=3))
            if self.approved:
                return reminders
            await workflow.execute_activity(remind, fleet, start_to_close_timeout=timedelta(seconds=10))
            reminders += 1

    @workflow.signal
    def approve(self) -> None:
        self.approved = True
