# gets: The run of north returned the lease of south
import secrets
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def lease_devices(fleet: str) -> str:
    return f"{fleet}-{secrets.token_hex(8)}"


@workflow.defn(sandboxed=False)
class Lease:
    lease = "no lease"

    def __init__(self) -> None:
        self.released = False

    @workflow.run
    async def run(self, fleet: str) -> str:
        Lease.lease = await workflow.execute_activity(
            lease_devices, fleet, start_to_close_timeout=timedelta(seconds=10)
        )
        await workflow.wait_condition(lambda: self.released)
        return Lease.lease

    @workflow.signal
    def release(self) -> None:
        self.released = True
