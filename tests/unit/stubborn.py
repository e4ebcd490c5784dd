"""Workflows that make a replay hard, all of the type StagedWorkflow: each is replayed on a history of the real one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

SEEN: list[str] = []
SOON = timedelta(seconds=45)


@workflow.defn(name="StagedWorkflow")
class Swallows:
    """Loops, and does not even end when it is interrupted."""

    @workflow.run
    async def run(self, rollout: Any) -> None:
        await workflow.execute_activity("reserve_devices", rollout, start_to_close_timeout=SOON)
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue


@workflow.defn(name="StagedWorkflow", sandboxed=False)
class Blocks:
    """Blocks in C, where no exception reaches it."""

    @workflow.run
    async def run(self, rollout: Any) -> None:
        time.sleep(300)  # noqa: ASYNC251


@workflow.defn(name="StagedWorkflow")
class Prints:
    """Prints, and changes a global."""

    @workflow.run
    async def run(self, rollout: Any) -> None:
        SEEN.append("run")
        print(f"<script>printed {len(SEEN)}</script>")
        await workflow.execute_activity("reserve_devices", rollout, start_to_close_timeout=SOON)
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="StagedWorkflow")
class CannotStart:
    """Raises before `run`."""

    def __init__(self) -> None:
        raise ZeroDivisionError("in __init__")

    @workflow.run
    async def run(self, rollout: Any) -> None:
        """Never runs."""


class Mute(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise ValueError("no text")


@workflow.defn(name="StagedWorkflow")
class RaisesRudely:
    """Raises what does not tell its text."""

    @workflow.run
    async def run(self, rollout: Any) -> None:
        raise Mute


@workflow.defn(name="StagedWorkflow")
class WantsANumber:
    """Its input in history is no number."""

    @workflow.run
    async def run(self, rollout: int) -> None:
        """Never runs."""


@workflow.defn(name="StagedWorkflow")
class WantsNumbers:
    """The signals' arguments in history are numbers, its input is a Rollout."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    @workflow.run
    async def run(self, rollout: Any) -> None:
        await workflow.execute_activity("reserve_devices", rollout, start_to_close_timeout=SOON)
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    def advance_stage(self, stage: dict[str, int]) -> None:
        self.got.append(stage)


@dataclass
class Basket:
    """Holds a value that cannot be decoded, on its way into JSON."""

    held: Any


@workflow.defn(name="StagedWorkflow")
class PassesOn:
    """Takes whatever comes, and passes it on."""

    def __init__(self) -> None:
        self.result: Any = None
        self.stages: list[Any] = []

    @workflow.run
    async def run(self, rollout: Any) -> Any:
        self.result = await workflow.execute_activity("reserve_devices", rollout, start_to_close_timeout=SOON)
        await workflow.wait_condition(lambda: len(self.stages) > 0)
        await workflow.execute_activity("stage_firmware", Basket(rollout), start_to_close_timeout=SOON)
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    def advance_stage(self, stage: Any) -> None:
        self.stages.append(stage)


@workflow.defn(name="StagedWorkflow")
class LooksInside:
    """Asks its input for an attribute."""

    @workflow.run
    async def run(self, rollout: Any) -> None:
        await workflow.execute_activity("reserve_devices", rollout.fleet, start_to_close_timeout=SOON)


@workflow.defn(dynamic=True)
class AnyType:
    """Takes a history of any type."""

    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> None:
        await workflow.execute_activity("reserve_devices", start_to_close_timeout=SOON)
        await workflow.wait_condition(lambda: False)


class NoWorkflow:
    """A class without @workflow.defn."""


class Inherits(Prints):
    """A subclass of a workflow is none until it is decorated itself."""
