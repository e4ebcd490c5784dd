from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def escalate(fleet: str) -> None:
    """Stands for a message to somebody who decides."""


@workflow.defn
class Release:
    def __init__(self) -> None:
        self.approved = False

    @workflow.run
    async def run(self, fleet: str) -> str:
        # In time: "approved". After two weeks: escalate once, wait on; then "approved late".
        await workflow.wait_condition(lambda: self.approved)
        await workflow.execute_activity(escalate, fleet, start_to_close_timeout=timedelta(seconds=10))
        return "approved"

    @workflow.signal
    def approve(self) -> None:
        self.approved = True
