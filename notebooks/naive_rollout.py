"""The rollout as a plain Python program: everything it knows is in this process. Each line on stdin is a go-ahead."""

import asyncio
import sys


class NaiveRollout:
    def __init__(self) -> None:
        self.stage = 0

    async def run(self) -> None:
        await self.work("reserve_devices")
        await self.until(lambda: self.stage > 0)
        await self.work("stage_firmware")
        await self.until(lambda: self.stage > 1)
        await self.work("flash_firmware")
        await self.until(lambda: self.stage > 2)
        await self.work("soak_test")

    def advance_stage(self, stage: int) -> None:
        self.stage = stage

    async def work(self, name: str) -> None:
        await asyncio.sleep(0.2)
        print(f"{name} done", flush=True)

    async def until(self, condition) -> None:
        while not condition():
            await asyncio.sleep(0.02)


async def main() -> None:
    rollout = NaiveRollout()
    running = asyncio.create_task(rollout.run())
    while line := await asyncio.to_thread(sys.stdin.readline):
        rollout.advance_stage(int(line))
    await running


if __name__ == "__main__":
    asyncio.run(main())
