import secrets
from datetime import timedelta

from temporalio import activity, workflow

LEASES: dict[str, str] = {}


@activity.defn
async def lease_devices(fleet: str) -> None:
    LEASES[fleet] = f"{fleet}-{secrets.token_hex(8)}"


@workflow.defn
class Lease:
    def __init__(self) -> None:
        self.released = False

    @workflow.run
    async def run(self, fleet: str) -> str:
        await workflow.execute_activity(lease_devices, fleet, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: self.released)
        return LEASES.get(fleet, "no lease")  # must be the lease that the activity made for this fleet

    @workflow.signal
    def release(self) -> None:
        self.released = True
