# gets: it awaits two results, or a result and env.sleep, at once
import asyncio
from datetime import timedelta

from exercises.test_the_gate.support import Gate


async def test_day_13_is_in_time(env, start):
    gate = await start()
    result = asyncio.create_task(gate.result())
    await env.sleep(timedelta(days=13))
    await gate.signal(Gate.approve, "release")
    await gate.signal(Gate.approve, "site")
    assert await result == "open"
