# gets: The next attempt began with device 0
import time
from datetime import timedelta

from temporalio import activity, workflow

DEVICES = 11


def flash(log: str, device: int) -> None:
    time.sleep(0.3)
    with open(log, "a") as file:
        file.write(f"{device}\n")


@activity.defn
def flash_fleet(log: str) -> None:
    for device in range(DEVICES):
        flash(log, device)
        activity.heartbeat(device)


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
