# gets: The query rounds_done says fewer
from datetime import timedelta

from temporalio import workflow

from exercises.continue_before_the_limit.support import probe


@workflow.defn
class Patrol:
    @workflow.init
    def __init__(self, rounds: int = 0) -> None:
        self.begin = rounds
        self.rounds = 0

    @workflow.run
    async def run(self, rounds: int = 0) -> None:
        while True:
            await workflow.execute_activity(
                probe, self.begin + self.rounds, start_to_close_timeout=timedelta(seconds=5)
            )
            self.rounds += 1
            if workflow.info().get_current_history_length() > 80:
                workflow.continue_as_new(self.begin + self.rounds)

    @workflow.query
    def rounds_done(self) -> int:
        return self.rounds
