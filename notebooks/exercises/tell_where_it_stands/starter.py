from temporalio import workflow
from temporalio.common import SearchAttributeKey

STAGE = SearchAttributeKey.for_int("RolloutStage")


@workflow.defn
class TrackedRollout:
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
