"""The ledger's pulse: every change wakes every follower, and one look serves them all."""

import asyncio
from pathlib import Path

import pytest

from stagedflow.ledger.pulse import Pulse
from stagedflow.ledger.reader import Ledger
from stagedflow.ledger.writer import LedgerWriter


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


async def test_each_follower_hears_of_each_change_and_of_none_that_is_not(ledger: Ledger) -> None:
    pulse = Pulse(ledger)
    assert await pulse.after(-1) == 0
    assert await pulse.after(0) == 1, "the first look is news"
    followers = [asyncio.ensure_future(pulse.after(1)) for _ in range(3)]
    done, _ = await asyncio.wait(followers, timeout=0.3)
    assert not done
    writer = LedgerWriter(ledger.path, pid=1)
    writer.worker_started("A", 1, records=True)
    assert await asyncio.wait_for(asyncio.gather(*followers), 60) == [2, 2, 2]
    for number in range(20):
        await asyncio.wrap_future(writer.activity_started("w", "r", str(number), "flash", 1))
        await asyncio.wait_for(pulse.after(pulse.count), 60)
    assert len(ledger.attempts("r")) == 20
    writer.close()


async def test_what_came_while_nobody_waited_is_heard_afterwards(ledger: Ledger) -> None:
    pulse = Pulse(ledger)
    heard = await pulse.after(0)
    waiting = asyncio.ensure_future(pulse.after(heard))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    writer = LedgerWriter(ledger.path, pid=1)
    await asyncio.wrap_future(writer.worker_started("A", 1, records=True))
    writer.close()
    assert await asyncio.wait_for(pulse.after(heard), 60) > heard


async def test_many_followers_ask_the_ledger_no_more_often_than_one(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    monkeypatch.setattr(ledger, "version", lambda: asked.append(None) or 7)
    pulse = Pulse(ledger)
    heard = await pulse.after(0)
    followers = [asyncio.ensure_future(pulse.after(heard)) for _ in range(30)]
    await asyncio.wait(followers, timeout=0.5)
    assert len(asked) <= 3
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)


async def test_a_ledger_that_has_gone_is_news(ledger: Ledger) -> None:
    pulse = Pulse(ledger)
    heard = await pulse.after(0)
    waiting = asyncio.ensure_future(pulse.after(heard))
    ledger.path.unlink()
    assert await asyncio.wait_for(waiting, 60) > heard
