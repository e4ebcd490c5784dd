# gets: it had not ended after 4 s, though weeks are skipped here
import asyncio

from exercises.test_the_gate.support import Gate


async def test_two_weeks_later(start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await asyncio.sleep(14 * 24 * 60 * 60)
    assert await gate.result() == "expired"
