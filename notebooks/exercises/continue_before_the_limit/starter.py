from datetime import timedelta

from temporalio import workflow

from exercises.continue_before_the_limit.support import probe


@workflow.defn
class Patrol:
    def __init__(self) -> None:
        self.rounds = 0

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.execute_activity(probe, self.rounds, start_to_close_timeout=timedelta(seconds=5))
            self.rounds += 1

    @workflow.query
    def rounds_done(self) -> int:
        return self.rounds
