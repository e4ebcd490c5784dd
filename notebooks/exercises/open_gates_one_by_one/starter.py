from temporalio import workflow


@workflow.defn
class Handshakes:
    def __init__(self) -> None:
        self.came: set[str] = set()
        self.passed: list[str] = []

    @workflow.run
    async def run(self, devices: list[str]) -> list[str]:
        gates = []
        for device in devices:
            gates.append(lambda: device in self.came)  # noqa: B023
        for name, gate in zip(devices, gates, strict=True):
            await workflow.wait_condition(gate)
            self.passed.append(name)
        return self.passed

    @workflow.signal
    def handshake(self, device: str) -> None:
        self.came.add(device)

    @workflow.query
    def passed_so_far(self) -> list[str]:
        return self.passed
