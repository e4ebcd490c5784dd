"""`Lab.open`: a lab that nobody else gets, ended like any other."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from stagedflow import Lab
from tests.integration.kernels import ENVIRONMENT, ROOT, exit_code
from tests.integration.processes import PROC, descendants, servers, survivors, wait_for

pytestmark = [
    pytest.mark.usefixtures("server_binary"),
    pytest.mark.skipif(not PROC.is_dir(), reason="counts processes in /proc"),
]

SCRIPT = """
import asyncio, sys
from stagedflow import Lab
async def main():
    for skipping in False, True:
        lab = await Lab.open(time_skipping=skipping)
        await lab.start_worker()
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
asyncio.run(main())
"""


async def test_it_is_nobody_elses(lab: Lab) -> None:
    async with await Lab.open() as one, await Lab.open() as two:
        assert len({lab, one, two, await Lab.start()}) == 3
        assert len({lab.ledger.path, one.ledger.path, two.ledger.path}) == 3
        await one.start_worker("A")
        assert (lab.workers, two.workers) == ({}, {})
        assert len(servers(os.getpid())) == 3
    assert one.closed and two.closed and not lab.closed
    assert wait_for(lambda: len(servers(os.getpid())) == 1)
    assert await lab.answers()


@pytest.mark.parametrize("time_skipping", [False, True])
@pytest.mark.parametrize("patience", [0.0, 0.05])
async def test_one_whose_opening_is_interrupted_leaves_nothing(time_skipping: bool, patience: float) -> None:
    before = set(descendants(os.getpid()))
    opening = asyncio.ensure_future(Lab.open(time_skipping=time_skipping))
    await asyncio.sleep(patience)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert await asyncio.to_thread(wait_for, lambda: set(descendants(os.getpid())) - before)
    started = set(descendants(os.getpid())) - before
    assert not await asyncio.to_thread(survivors, started, seconds=5)


@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_script_that_opened_it(number: signal.Signals | None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=ENVIRONMENT, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        try:
            assert running.stdin and running.stdout and running.stderr
            assert running.stdout.readline() == "open\n"
            mine = descendants(running.pid)
            assert sum("guard.py" in p.words for p in mine) == 2
            if number:
                running.send_signal(number)
            else:
                running.stdin.close()
            code = exit_code(running)
            assert not survivors(mine)
            assert (code == 0) == (number is None)
            if not number:
                assert running.stderr.read() == ""
        finally:
            running.kill()
