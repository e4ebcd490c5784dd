# gets: signal 2 came on day 26. On day 29 the workflow still waits
from datetime import timedelta

from temporalio import workflow

BUDGET = timedelta(weeks=4)  # for all gates together, from the start on


@workflow.defn
class TimedRollout:
    def __init__(self) -> None:
        self.stage = 0

    async def gate(self, number: int, timeout: timedelta) -> None:
        await workflow.wait_condition(lambda: self.stage >= number, timeout=timeout)

    @workflow.run
    async def run(self) -> str:
        for number in (1, 2, 3):
            remaining = BUDGET
            try:
                await self.gate(number, remaining)
            except TimeoutError:
                return f"expired at gate {number}"
        return "done"

    @workflow.signal
    def advance_stage(self, stage: int) -> None:
        self.stage = max(self.stage, stage)
