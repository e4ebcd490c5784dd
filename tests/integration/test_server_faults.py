"""A lab knows its own server: one that is silent, that has ended, or that another has replaced on its port."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from stagedflow import Lab, LabError
from stagedflow.lab import server
from tests.integration.processes import wait_for
from tests.integration.story import parked, server_of, watching

DEADLINE = 120


async def test_a_silent_server_is_told_and_its_recovery_too(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab)
    pid = server_of(lab)
    async with watching(lab, handle) as watch:
        assert not (await watch.until(lambda facts: bool(facts.run.gate))).trouble
        os.kill(pid, signal.SIGSTOP)
        try:
            assert "does not answer" in (await watch.until(lambda facts: bool(facts.trouble), timeout=DEADLINE)).trouble
            with pytest.raises(LabError, match="does not answer"):
                await lab.describe(handle)
        finally:
            os.kill(pid, signal.SIGCONT)
        await watch.until(lambda facts: not facts.trouble, timeout=DEADLINE)
        assert (await lab.describe(handle)).id == handle.id


async def test_a_port_that_another_lab_has_by_now_is_not_taken_for_ones_own(server_binary: Path) -> None:
    port = server.free_port()
    async with await Lab.start(port=port) as old:
        worker = await old.start_worker("A")
        handle = await parked(old)
        async with watching(old, handle) as watch:
            os.kill(server_of(old), signal.SIGKILL)
            assert await asyncio.to_thread(wait_for, lambda: not worker.alive)
            assert worker.state == "failed"
            async with await Lab.start(port=port, temporal=server_binary) as other:  # another kernel's, as it were
                assert await other.answers()
                assert not await old.answers()
                assert "has ended" in (await watch.until(lambda facts: bool(facts.trouble), timeout=DEADLINE)).trouble
                with pytest.raises(LabError, match=r"^This lab's Temporal server has ended; `lab = await Lab.start"):
                    await old.start_worker("B")
        async with await Lab.start(port=port) as new:
            assert new is not old
            assert old.closed


async def test_no_port_to_listen_on_is_one_sentence(server_binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def bind(self, *_: object) -> None:
            raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(server.socket, "socket", Socket)
    with pytest.raises(LabError, match=r"No port of 127\.0\.0\.1 can be listened on \(.*Cannot assign.*Allow local"):
        await Lab.start()


async def test_of_a_program_that_broke_off_the_reason_is_told_and_not_its_stack(tmp_path: Path) -> None:
    program = tmp_path / "temporal"
    stack = "fatal error: failed to reserve page summary memory\n\nruntime stack:\n\tgoroutine 1 [running]"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{stack}\nEND\nexit 2\n")
    program.chmod(0o700)
    with pytest.raises(LabError, match="It said: fatal error: failed to reserve page summary memory") as said:
        await Lab.start(temporal=program)
    assert "goroutine" not in str(said.value)
