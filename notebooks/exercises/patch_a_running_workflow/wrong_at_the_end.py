# gets: history has the workflow's completion
from datetime import timedelta

from temporalio import workflow

TIMES = {"start_to_close_timeout": timedelta(seconds=10)}


@workflow.defn
class Recall:
    def __init__(self) -> None:
        self.returned = False

    @workflow.run
    async def run(self, fleet: str) -> str:
        await workflow.execute_activity("notify_owners", fleet, **TIMES)
        await workflow.execute_activity("wipe_devices", fleet, **TIMES)
        await workflow.wait_condition(lambda: self.returned)
        refunded: str = await workflow.execute_activity("refund_owners", fleet, **TIMES)
        await workflow.execute_activity("back_up_settings", fleet, **TIMES)
        return refunded

    @workflow.signal
    def devices_returned(self) -> None:
        self.returned = True
