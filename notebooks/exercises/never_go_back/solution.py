from temporalio import workflow


@workflow.defn
class Approvals:
    def __init__(self) -> None:
        self.stage = 0

    @workflow.run
    async def run(self) -> int:
        await workflow.wait_condition(lambda: self.stage >= 3)
        return self.stage

    @workflow.signal
    def advance_stage(self, stage: int) -> None:
        self.stage = max(self.stage, stage)

    @workflow.query
    def current_stage(self) -> int:
        return self.stage
