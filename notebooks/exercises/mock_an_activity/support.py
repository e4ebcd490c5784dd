"""The workflow under test with its two activities, and broken forms of it."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

real_work: list[str] = []
"""Which real activities have begun in this process."""


@activity.defn
async def flash_device(device: str) -> str:
    """Write new firmware to a device: an hour's work."""
    real_work.append("flash_device")
    await asyncio.sleep(60 * 60)
    return f"{device} flashed"


@activity.defn
async def roll_back(device: str) -> None:
    """Bring a device's old firmware back: half an hour's work."""
    real_work.append("roll_back")
    await asyncio.sleep(30 * 60)


LIMIT = timedelta(hours=2)
FIVE_TIMES = RetryPolicy(initial_interval=timedelta(minutes=1), maximum_attempts=5)


@workflow.defn
class Flashing:
    """Flashes a device, in five attempts at the most; if all fail, brings the old firmware back."""

    @workflow.run
    async def run(self, device: str) -> str:
        """Return "flashed" or "rolled back"."""
        try:
            await workflow.execute_activity(flash_device, device, start_to_close_timeout=LIMIT, retry_policy=FIVE_TIMES)
        except ActivityError:
            await workflow.execute_activity(roll_back, device, start_to_close_timeout=LIMIT)
            return "rolled back"
        return "flashed"


@workflow.defn(name="Flashing")
class NoRetry:
    """One failure is the end of it."""

    @workflow.run
    async def run(self, device: str) -> str:
        """As above, broken."""
        once = RetryPolicy(maximum_attempts=1)
        try:
            await workflow.execute_activity(flash_device, device, start_to_close_timeout=LIMIT, retry_policy=once)
        except ActivityError:
            await workflow.execute_activity(roll_back, device, start_to_close_timeout=LIMIT)
            return "rolled back"
        return "flashed"


@workflow.defn(name="Flashing")
class Swallows:
    """Takes a failure for a success."""

    @workflow.run
    async def run(self, device: str) -> str:
        """As above, broken."""
        try:
            await workflow.execute_activity(flash_device, device, start_to_close_timeout=LIMIT, retry_policy=FIVE_TIMES)
        except ActivityError:
            await workflow.execute_activity(roll_back, device, start_to_close_timeout=LIMIT)
        return "flashed"


@workflow.defn(name="Flashing")
class OnlySays:
    """Says that it has rolled back."""

    @workflow.run
    async def run(self, device: str) -> str:
        """As above, broken."""
        try:
            await workflow.execute_activity(flash_device, device, start_to_close_timeout=LIMIT, retry_policy=FIVE_TIMES)
        except ActivityError:
            return "rolled back"
        return "flashed"


@workflow.defn(name="Flashing")
class AlwaysRollsBack:
    """Cleans up whatever has happened."""

    @workflow.run
    async def run(self, device: str) -> str:
        """As above, broken."""
        outcome = "rolled back"
        try:
            await workflow.execute_activity(flash_device, device, start_to_close_timeout=LIMIT, retry_policy=FIVE_TIMES)
            outcome = "flashed"
        except ActivityError:
            pass
        finally:
            await workflow.execute_activity(roll_back, device, start_to_close_timeout=LIMIT)
        return outcome


RIGHT = {"the right workflow": Flashing}
BROKEN = {
    "a workflow that gives up and rolls back after one failed attempt": NoRetry,
    'a workflow that returns "flashed" though every attempt has failed': Swallows,
    'a workflow that returns "rolled back" and never runs roll_back': OnlySays,
    "a workflow that runs roll_back on a device that was flashed": AlwaysRollsBack,
}
