# gets: both payments came with the same key
from datetime import timedelta

from temporalio import activity, workflow

from exercises.charge_once.support import charge


@activity.defn
async def pay(bank: str, amount: int) -> str:
    info = activity.info()
    return await charge(bank, amount, key=info.workflow_id)


@workflow.defn
class Order:
    @workflow.run
    async def run(self, bank: str) -> list[str]:
        receipts = []
        for amount in (50, 50):  # the deposit, then the balance
            receipt = await workflow.execute_activity(
                pay,
                args=[bank, amount],
                start_to_close_timeout=timedelta(seconds=1),
            )
            receipts.append(receipt)
        return receipts
