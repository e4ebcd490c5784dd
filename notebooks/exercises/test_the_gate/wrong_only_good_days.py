# gets: - a gate that opens as soon as the site has approved, without the release team
from datetime import timedelta

from exercises.test_the_gate.support import Gate


async def test_both_approvals_open_it(env, start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await env.sleep(timedelta(days=1))
    await gate.signal(Gate.approve, "site")
    assert await gate.result() == "open"


async def test_both_on_one_day(start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await gate.signal(Gate.approve, "site")
    assert await gate.result() == "open"
