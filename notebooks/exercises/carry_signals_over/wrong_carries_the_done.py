# gets: do not carry what is done
from datetime import timedelta

from temporalio import workflow

from exercises.carry_signals_over.support import close_batch, record, wake_up

BATCH = 10
TIMEOUT = timedelta(seconds=5)


@workflow.defn
class Inbox:
    @workflow.init
    def __init__(self, items: list[str]) -> None:
        self.items = items
        self.reports = list(items)

    @workflow.run
    async def run(self, items: list[str]) -> None:
        for _ in range(BATCH):
            await workflow.wait_condition(lambda: self.items)
            await workflow.execute_activity(record, self.items.pop(0), start_to_close_timeout=TIMEOUT)
        await workflow.execute_activity(close_batch, start_to_close_timeout=TIMEOUT)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self.reports)

    @workflow.signal
    async def report(self, device: str) -> None:
        if device.startswith("asleep"):
            await workflow.execute_activity(wake_up, device, start_to_close_timeout=TIMEOUT)
        self.items.append(device)
        self.reports.append(device)
