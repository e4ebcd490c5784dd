"""The worker dies after a charge and before its answer: each payment must be in the bank once."""

import tempfile
from pathlib import Path

from exercises.charge_once.support import charges, held
from stagedflow.course.trial import Trial, require


async def check(trial: Trial) -> str:
    """Kill the worker in the first payment of order-1; order-2 goes undisturbed."""
    trial.must_have(workflow="Order")
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder, "bank.jsonl")
        held(bank).touch()
        await trial.work()
        first = await trial.start("Order", str(bank), id="order-1")
        await trial.until(first, lambda _: bool(charges(bank)), "Nothing was charged.")
        await trial.crash(first)
        held(bank).unlink()
        run = await trial.until(first, lambda run: run.closed or len(_of(bank, first)) > 2, "order-1 does not end.")
        await _twice(trial, first, bank, run)
        second = await trial.start("Order", str(bank), id="order-2")
        await trial.until(second, lambda run: run.closed, "order-2 does not end.")
        done = len(_of(bank, second))
        require(
            done > 0,
            "order-1 was charged twice, as it should: deposit and balance. But order-2 was not charged at all: its "
            "payments came with keys that the bank knew from order-1.",
        )
        require(done == 2, f"order-2 has two payments, and the bank charged it {done} times.")
    return "A worker died between a charge and its answer. Two orders, two payments each: the bank charged four times."


async def _twice(trial: Trial, order, bank: Path, run) -> None:
    rows = _of(bank, order)
    keys = [row["key"] for row in rows]
    killed = "The worker was killed after a charge and before its answer."
    if len(rows) > 2:
        why = "without a key" if None in keys else "and each attempt came with a key of its own"
        told = "so the bank took attempt 2 for a new payment"
        require(False, f"{killed} order-1 has two payments and was charged {len(rows)} times, {why}: {told}.")
    require(
        run.status == "completed",
        f"{killed} order-1 has {run.status}, and the money was taken: nobody has tried again, and nobody knows of the "
        "charge. Keep the retries, and make them harmless.",
    )
    require(
        len(rows) == 2,
        f"{killed} order-1 has two payments, and the bank charged it {len(rows)} time: both payments came with the "
        "same key, so it took the second for a repetition of the first.",
    )
    paid = trial.counts(order).get("pay")
    require(
        paid is None or paid.completed == 2,
        f"{killed} order-1 was charged twice, and only {paid.completed if paid else 0} payment has its receipt.",
    )


def _of(bank: Path, order) -> list[dict]:
    return [row for row in charges(bank) if row["order"] == order.id]
