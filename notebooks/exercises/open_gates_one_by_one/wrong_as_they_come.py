# gets: came first: passed_so_far says ['lock']
import asyncio

from temporalio import workflow


@workflow.defn
class Handshakes:
    def __init__(self) -> None:
        self.came: set[str] = set()
        self.passed: list[str] = []

    @workflow.run
    async def run(self, devices: list[str]) -> list[str]:
        async def one(device: str) -> None:
            await workflow.wait_condition(lambda: device in self.came)
            self.passed.append(device)

        await asyncio.gather(*(one(device) for device in devices))
        return self.passed

    @workflow.signal
    def handshake(self, device: str) -> None:
        self.came.add(device)

    @workflow.query
    def passed_so_far(self) -> list[str]:
        return self.passed
