# gets: order-1 has failed
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from exercises.charge_once.support import charge


@activity.defn
async def pay(bank: str, amount: int) -> str:
    return await charge(bank, amount, key=None)


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
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
            receipts.append(receipt)
        return receipts
