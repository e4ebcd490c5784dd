from datetime import timedelta

from exercises.test_the_gate.support import Gate


async def test_both_approvals_open_it(env, start):
    gate = await start()
    await gate.signal(Gate.approve, "release")
    await env.sleep(timedelta(days=1))
    await gate.signal(Gate.approve, "site")
    assert await gate.result() == "open"


# More tests: what must the gate do, and what must it never do?
