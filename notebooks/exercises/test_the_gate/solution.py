from datetime import timedelta

import pytest

from exercises.test_the_gate.support import Gate


@pytest.mark.parametrize("teams", [["release", "site"], ["site", "release"]])
async def test_both_approvals_open_it_in_any_order(env, start, teams):
    gate = await start()
    for team in teams:
        await gate.signal(Gate.approve, team)
        await env.sleep(timedelta(days=6.9))
    assert await gate.result() == "open"


@pytest.mark.parametrize("teams", [[], ["release"], ["site"], ["release", "release"], ["site", "site"]])
async def test_it_expires_without_both(start, teams):
    gate = await start()
    for team in teams:
        await gate.signal(Gate.approve, team)
    assert await gate.result() == "expired"


async def test_it_waits_two_weeks(env, start):
    gate = await start()
    await env.sleep(timedelta(days=13))
    await gate.signal(Gate.approve, "site")
    await gate.signal(Gate.approve, "release")
    assert await gate.result() == "open"
