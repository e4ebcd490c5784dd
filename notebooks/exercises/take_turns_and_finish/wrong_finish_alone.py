# gets: pump has slot 1, valve has slot 1
import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def book(device: str, slot: int) -> None:
    await asyncio.sleep(0.1)


@workflow.defn
class Slots:
    def __init__(self) -> None:
        self.slots: dict[str, int] = {}
        self.closed = False

    @workflow.run
    async def run(self) -> dict[str, int]:
        await workflow.wait_condition(lambda: self.closed)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.slots

    @workflow.signal
    async def reserve(self, device: str) -> None:
        slot = len(self.slots) + 1
        await workflow.execute_activity(book, args=[device, slot], start_to_close_timeout=timedelta(seconds=5))
        self.slots[device] = slot

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.query
    def given(self) -> dict[str, int]:
        return self.slots
