# gets: The handshake of hub came next: passed_so_far says [], not ['hub']
from temporalio import workflow


@workflow.defn
class Handshakes:
    def __init__(self) -> None:
        self.came: set[str] = set()
        self.passed: list[str] = []

    @workflow.run
    async def run(self, devices: list[str]) -> list[str]:
        await workflow.wait_condition(lambda: all(device in self.came for device in devices))
        self.passed = devices
        return self.passed

    @workflow.signal
    def handshake(self, device: str) -> None:
        self.came.add(device)

    @workflow.query
    def passed_so_far(self) -> list[str]:
        return self.passed
