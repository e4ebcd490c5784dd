# gets: there was no attempt 2
import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from exercises.retry_only_what_can_heal.support import Unreachable, send_firmware


@activity.defn
async def flash(device: str) -> str:
    # Raises Unreachable (the device sleeps) or WrongModel (it will never take this firmware).
    while True:
        try:
            return await send_firmware(device)
        except Unreachable:
            await asyncio.sleep(0.2)


@workflow.defn
class Flash:
    @workflow.run
    async def run(self, device: str) -> str:
        return await workflow.execute_activity(
            flash,
            device,
            start_to_close_timeout=timedelta(seconds=1.5),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
