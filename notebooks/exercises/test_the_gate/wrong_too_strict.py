# gets: The test test_two_approvals_are_enough fails for the right gate: AssertionError: assert 'expired' == 'open' (line 18)
from datetime import timedelta

from exercises.test_the_gate.support import Gate


async def test_one_order(env, start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await gate.signal(Gate.approve, "site")
    assert await gate.result() == "open"


async def test_two_approvals_are_enough(start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await gate.signal(Gate.approve, "release")
    assert await gate.result() == "open"
