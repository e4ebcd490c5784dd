"""The staged workflow: a firmware rollout of four activities, with a gate before each of the last three.

An activity runs only when the one before it has finished *and* the event for it has come as a signal. The shape comes
from a question in Temporal's community: how do activities within a workflow wait for events?
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow


@dataclass(frozen=True)
class Rollout:
    """The workflow's input: which fleet gets the firmware, and how long each activity works (seconds)."""

    fleet: str = "gateways"
    work_seconds: float = 1.5


@activity.defn
async def reserve_devices(rollout: Rollout) -> str:
    """Keep the fleet's devices free for this rollout."""
    await asyncio.sleep(rollout.work_seconds)
    return f"{rollout.fleet} reserved"


@activity.defn
async def stage_firmware(rollout: Rollout) -> str:
    """Copy the new firmware to every device's spare slot."""
    await asyncio.sleep(rollout.work_seconds)
    return f"{rollout.fleet} staged"


@activity.defn
async def flash_firmware(rollout: Rollout) -> str:
    """Switch every device over to the new firmware."""
    await asyncio.sleep(rollout.work_seconds)
    return f"{rollout.fleet} flashed"


@activity.defn
async def soak_test(rollout: Rollout) -> str:
    """Watch the fleet under load."""
    await asyncio.sleep(rollout.work_seconds)
    return f"{rollout.fleet} healthy"


@workflow.defn
class StagedWorkflow:
    """Four activities, three gates: it can wait for weeks, and survives any crash."""

    def __init__(self) -> None:
        self.stage = 0

    @workflow.run
    async def run(self, rollout: Rollout = Rollout()) -> str:
        await workflow.execute_activity(reserve_devices, rollout, start_to_close_timeout=timedelta(seconds=45))

        # Gate 1: the devices' handshake.
        await workflow.wait_condition(lambda: self.stage > 0)
        await workflow.execute_activity(stage_firmware, rollout, start_to_close_timeout=timedelta(seconds=30))

        # Gate 2: the release approval.
        await workflow.wait_condition(lambda: self.stage > 1)
        await workflow.execute_activity(flash_firmware, rollout, start_to_close_timeout=timedelta(minutes=15))

        # Gate 3: the site's acknowledgement.
        await workflow.wait_condition(lambda: self.stage > 2)
        return await workflow.execute_activity(soak_test, rollout, start_to_close_timeout=timedelta(hours=2))

    @workflow.signal
    def advance_stage(self, stage: int) -> None:
        # An old signal that comes late never takes a stage back.
        self.stage = max(self.stage, stage)

    @workflow.query
    def current_stage(self) -> int:
        return self.stage


ACTIVITIES = [reserve_devices, stage_firmware, flash_firmware, soak_test]
