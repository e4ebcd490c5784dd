from temporalio import workflow


@workflow.defn
class Gates:
    def __init__(self) -> None:
        self.stage = 0
        self.passed: list[str] = []

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.stage >= 1)
        self.passed.append("handshake")
        await workflow.wait_condition(lambda: self.stage >= 2)
        self.passed.append("approval")
        await workflow.wait_condition(lambda: self.stage >= 3)
        self.passed.append("acknowledgement")
        return self.passed

    @workflow.signal
    def advance_stage(self, stage: int) -> None:
        self.stage = max(self.stage, stage)

    @workflow.query
    def passed_gates(self) -> list[str]:
        return self.passed
