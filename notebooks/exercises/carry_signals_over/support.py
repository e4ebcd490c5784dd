"""The activities that the exercise gives."""

import asyncio

from temporalio import activity


@activity.defn
async def wake_up(device: str) -> None:
    """Wake a sleeping device: it takes a while."""
    if activity.info().attempt == 1:
        await asyncio.sleep(1.5)


@activity.defn
async def record(device: str) -> None:
    """Write down that a device has reported."""


@activity.defn
async def close_batch() -> None:
    """Hand the batch over to the archive."""
    await asyncio.sleep(0.3)
