import secrets
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def lease_devices(fleet: str) -> str:
    return f"{fleet}-{secrets.token_hex(8)}"


@workflow.defn
class Lease:
    def __init__(self) -> None:
        self.released = False
        self.lease = ""

    @workflow.run
    async def run(self, fleet: str) -> str:
        self.lease = await workflow.execute_activity(lease_devices, fleet, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: self.released)
        return self.lease

    @workflow.signal
    def release(self) -> None:
        self.released = True
