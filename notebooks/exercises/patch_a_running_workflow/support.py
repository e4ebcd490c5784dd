"""The activities of the recall, and the code that ran before the edit: `fixture()` records its histories."""

import asyncio
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import WorkflowHistory

TIMES = {"start_to_close_timeout": timedelta(seconds=10)}
COMPLETED = Path(__file__).with_name("old_completed.json")
"""A run of the old code that completed, as `temporal workflow show --output json` gives it."""


@activity.defn
async def notify_owners(fleet: str) -> str:
    """Tell the owners."""
    return f"{fleet} notified"


@activity.defn
async def back_up_settings(fleet: str) -> str:
    """Save what is on the devices: new."""
    return f"{fleet} saved"


@activity.defn
async def wipe_devices(fleet: str) -> str:
    """Delete what is on the devices."""
    return f"{fleet} wiped"


@activity.defn
async def refund_owners(fleet: str) -> str:
    """Pay the owners."""
    return f"{fleet} refunded"


@workflow.defn(name="Recall")
class OldRecall:
    """The recall before the edit."""

    def __init__(self) -> None:
        self.returned = False

    @workflow.run
    async def run(self, fleet: str) -> str:
        """Notify, wipe, wait, refund."""
        await workflow.execute_activity("notify_owners", fleet, **TIMES)
        await workflow.execute_activity("wipe_devices", fleet, **TIMES)
        await workflow.wait_condition(lambda: self.returned)
        return await workflow.execute_activity("refund_owners", fleet, **TIMES)

    @workflow.signal
    def devices_returned(self) -> None:
        """The devices have come back."""
        self.returned = True


_HERE = f"{__name__}:" if __name__ != "__main__" else "exercises.patch_a_running_workflow.support:"
OLD = f"{_HERE}OldRecall"
ACTIVITIES = tuple(f"{_HERE}{name}" for name in ("notify_owners", "back_up_settings", "wipe_devices", "refund_owners"))


async def fixture() -> WorkflowHistory:
    """Record the history anew, from a real server: `python -m` this module writes it."""
    from stagedflow import Lab

    async with await Lab.open() as lab:
        await lab.start_worker("old", workflows=[OLD], activities=ACTIVITIES)
        handle = await lab.client.start_workflow("Recall", "gateways", id="recall-old", task_queue=lab.task_queue)
        await lab.until(handle, completed="wipe_devices")
        await handle.signal("devices_returned")
        await handle.result()
        return await handle.fetch_history()


if __name__ == "__main__":
    COMPLETED.write_text(asyncio.run(fixture()).to_json() + "\n")
