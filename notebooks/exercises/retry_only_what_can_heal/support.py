"""Devices on a radio link: one answers, one sleeps for a while, one is of the wrong model."""

import asyncio
from collections import Counter

from temporalio import activity

ANSWERS_AT = 4
"""A sleeping device answers the call of this number."""

_calls: Counter[str | None] = Counter()


class Unreachable(Exception):
    """The device sleeps: a later call reaches it."""


class WrongModel(Exception):
    """The device will never take this firmware."""


async def send_firmware(device: str) -> str:
    """Flash a device: "awake", "asleep" or "old-model"."""
    _calls[activity.info().workflow_id] += 1
    if device == "old-model":
        raise WrongModel("this firmware is for another model")
    if device == "asleep" and _calls[activity.info().workflow_id] < ANSWERS_AT:
        raise Unreachable("no answer")
    await asyncio.sleep(0.4)
    return f"{device} flashed"
