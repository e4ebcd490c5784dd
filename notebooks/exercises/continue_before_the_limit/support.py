"""The activity that the exercise gives."""

import asyncio

from temporalio import activity

DEADLY = 15
"""In this round the first attempt hangs: the check kills its worker there."""


@activity.defn
async def probe(number: int) -> None:
    """Ask the fleet how it is, for the round of this number."""
    if number == DEADLY and activity.info().attempt == 1:
        await asyncio.sleep(60)
