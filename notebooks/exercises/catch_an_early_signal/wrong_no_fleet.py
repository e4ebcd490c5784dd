# gets: the ready devices are /pump, not north/pump
from temporalio import workflow


@workflow.defn
class Fleet:
    def __init__(self) -> None:
        self.fleet = ""
        self.ready: list[str] = []

    @workflow.run
    async def run(self, fleet: str, wanted: int) -> list[str]:
        self.fleet = fleet
        await workflow.wait_condition(lambda: len(self.ready) >= wanted)
        return self.ready

    @workflow.signal
    def device_ready(self, device: str) -> None:
        self.ready.append(f"{self.fleet}/{device}")

    @workflow.query
    def ready_devices(self) -> list[str]:
        return self.ready
