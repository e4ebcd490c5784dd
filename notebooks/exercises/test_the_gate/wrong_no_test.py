# gets: pytest ran no test of the cell: a test's name begins with test_.
from exercises.test_the_gate.support import Gate


async def both_approvals_open_it(start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await gate.signal(Gate.approve, "site")
    assert await gate.result() == "open"
