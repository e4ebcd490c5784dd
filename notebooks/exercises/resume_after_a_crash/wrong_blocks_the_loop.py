# gets: a blocking call such as time.sleep holds the loop up
import time
from datetime import timedelta

from temporalio import activity, workflow

DEVICES = 11


def flash(log: str, device: int) -> None:
    time.sleep(0.3)
    with open(log, "a") as file:
        file.write(f"{device}\n")


@activity.defn
async def flash_fleet(log: str) -> None:
    details = activity.info().heartbeat_details
    first = details[0] if details else 0
    for device in range(first, DEVICES):
        flash(log, device)
        activity.heartbeat(device + 1)


@workflow.defn
class FlashFleet:
    @workflow.run
    async def run(self, log: str) -> None:
        await workflow.execute_activity(
            flash_fleet,
            log,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(seconds=1),
        )
