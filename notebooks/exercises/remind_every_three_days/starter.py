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
        while not self.approved:
            await workflow.sleep(timedelta(days=3))
            await workflow.execute_activity(remind, fleet, start_to_close_timeout=timedelta(seconds=10))
            reminders += 1
        return reminders

    @workflow.signal
    def approve(self) -> None:
        self.approved = True
