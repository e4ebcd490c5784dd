import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def flash_firmware(fleet: str) -> str:
    await asyncio.sleep(1)  # a healthy attempt takes one second
    return f"{fleet} flashed"


@workflow.defn
class Flash:
    @workflow.run
    async def run(self, fleet: str) -> str:
        return await workflow.execute_activity(
            flash_firmware,
            fleet,
            start_to_close_timeout=timedelta(seconds=2),
        )
