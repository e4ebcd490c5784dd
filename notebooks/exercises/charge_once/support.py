"""A bank: a file with one line for each charge. It takes a key that it knows only once."""

import asyncio
import json
from pathlib import Path

from temporalio import activity


async def charge(bank: str, amount: int, key: str | None = None) -> str:
    """Charge an amount; the answer takes half a second, and as long as the bank is held.

    With a key that it knows the bank takes nothing, and answers as it did the first time.
    """
    receipt = _book(Path(bank), amount, key)
    await asyncio.sleep(0.4)
    while held(Path(bank)).exists():
        await asyncio.sleep(0.02)
    return receipt


def held(bank: Path) -> Path:
    """While this file is there, the bank charges and gives no answer: then a worker can be killed in between."""
    return bank.with_suffix(".held")


def charges(bank: Path) -> list[dict]:
    """What was charged so far."""
    return [json.loads(line) for line in bank.read_text().splitlines()] if bank.exists() else []


def _book(bank: Path, amount: int, key: str | None) -> str:
    known = charges(bank)
    for number, row in enumerate(known, 1):
        if key is not None and row["key"] == str(key):
            return f"receipt {number}"
    row = {"order": activity.info().workflow_id, "amount": amount, "key": None if key is None else str(key)}
    with bank.open("a") as file:
        file.write(json.dumps(row) + "\n")
    return f"receipt {len(known) + 1}"
