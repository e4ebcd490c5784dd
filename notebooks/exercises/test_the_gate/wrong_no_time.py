# gets: Your 4 tests pass for what is right. No test notices:
from exercises.test_the_gate.support import Gate


async def test_both_approvals_open_it(start):
    gate = await start()
    await gate.signal(Gate.approve, "site")
    await gate.signal(Gate.approve, "release")
    assert await gate.result() == "open"


async def test_nobody(start):
    gate = await start()
    assert await gate.result() == "expired"


async def test_the_site_alone(start):
    gate = await start()
    await gate.signal(Gate.approve, "site")
    assert await gate.result() == "expired"


async def test_the_release_team_twice(start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await gate.signal(Gate.approve, "release")
    assert await gate.result() == "expired"
