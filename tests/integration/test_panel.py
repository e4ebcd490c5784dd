"""The panel by its traits, without a kernel: real clicks on its buttons, real workers behind them."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from html import unescape
from pathlib import Path

import ipywidgets
import pytest
import temporalio

from stagedflow import Lab, LabError, StagedWorkflow, StagePanel
from stagedflow.ledger.reader import connect
from stagedflow.staged import reserve_devices
from tests.integration.processes import wait_for
from tests.integration.story import server_of
from tests.integration.story import start as start_rollout


def text(panel: StagePanel, area: str) -> str:
    """An area of the panel as a person reads it."""
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", panel._areas[area].value))).strip()


async def shows(panel: StagePanel, area: str, regex: str, *, deadline: float = 240) -> str:
    """Wait until an area's text matches."""
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()
    panel._areas[area].observe(lambda _: loop.call_soon_threadsafe(seen.set), "value")
    try:
        async with asyncio.timeout(deadline):
            while not re.search(regex, text(panel, area)):
                seen.clear()
                await seen.wait()
    except TimeoutError:
        raise AssertionError(f"no {regex!r} in {area}: {text(panel, area)}") from None
    return text(panel, area)


@pytest.fixture
async def panels() -> AsyncIterator[Callable[..., StagePanel]]:
    made: list[StagePanel] = []

    def make(*args: object) -> StagePanel:
        made.append(StagePanel(*args))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for panel in made:
        panel.close()


async def test_without_its_server_nothing_is_advised_and_nothing_can_be_pressed(
    server_binary: Path, panels: Callable[..., StagePanel]
) -> None:
    async with await Lab.open() as lab:
        await lab.start_worker("A")
        handle = await start_rollout(lab)
        panel = panels(lab, handle)
        await shows(panel, "track", "gate 1 parked here")
        os.kill(server_of(lab), signal.SIGKILL)
        await shows(panel, "message", "server has ended; `lab = await Lab.start")
        await shows(panel, "lives", "worker A . failed")
        await shows(panel, "replay", r"^Nothing was replayed: one worker has done it all\.$")
        assert all(button.disabled for button in panel.buttons.values())
        assert "the lab's server has ended: run the cell with Lab.start() again" in text(panel, "why")
        assert text(panel, "now") == ""
        assert text(panel, "heading") == "rollout StagedWorkflow was running"
        with pytest.raises(LabError, match=r"has ended|not answer"):
            await panel.advance(1)


async def test_the_whole_recovery_by_buttons(lab: Lab, panels: Callable[..., StagePanel]) -> None:
    handle = await start_rollout(lab)
    panel = panels(lab, handle)
    await shows(panel, "now", "no worker runs")
    assert panel.buttons["crash"].disabled
    assert "no worker is alive" in text(panel, "why")

    panel.buttons["start"].click()
    await shows(panel, "track", "gate 1 parked here")
    await shows(panel, "replay", "one worker has done it all")
    panel.buttons["crash"].click()
    await shows(panel, "lives", "worker A ✕ crashed")
    await shows(panel, "now", "No worker runs")
    panel.buttons["skip sticky"].click()
    await shows(panel, "message", "Skip the sticky wait: done")
    panel.buttons["start"].click()
    await shows(panel, "replay", "is up and has nothing to do")
    panel.buttons["advance 1"].click()
    told = await shows(panel, "replay", r"went live at line \d+, on signal advance_stage")

    worker = lab.workers["B"]
    trace = lab.ledger.trace(handle.result_run_id)
    again = {line for s in trace.by(worker.pid) if s.is_replaying for _, line in s.lines}
    assert f"Worker B (pid {worker.pid}) ran lines" in told
    assert again == {line for s in trace.by(lab.workers["A"].pid) for _, line in s.lines}
    await lab.until(handle, gate=2)
    assert not any(step.query for step in lab.ledger.trace(handle.result_run_id).steps)  # it never queries
    assert panel.buttons["advance 1"].disabled
    assert "stage 1 is reached already" in panel.buttons["advance 1"].tooltip


async def test_a_long_timeout_of_a_dead_attempt_is_counted_down_and_its_shortcut_offered(
    lab: Lab, panels: Callable[..., StagePanel]
) -> None:
    worker = await lab.start_worker()
    handle = await start_rollout(lab, work_seconds=0.5)
    panel = panels(lab, handle)
    for stage in (1, 2):
        await lab.until(handle, gate=stage)
        await handle.signal(StagedWorkflow.advance_stage, stage)
    await lab.until(handle, started="flash_firmware")
    await worker.crash()
    now = await shows(panel, "now", r"flash_firmware, attempt 1, on worker A .* which crashed.* in 14 min \d+ s")
    assert "operator's shortcut" in now
    await shows(panel, "ledger", "lost with its worker")
    await lab.skip_sticky_wait(handle)
    panel.buttons["start"].click()
    panel.buttons["shorten"].click()
    await shows(panel, "track", "gate 3 parked here")
    await shows(panel, "ledger", "flash_firmware 2 1")


async def test_the_start_button_serves_what_the_dead_worker_served(lab: Lab, panels: Callable[..., StagePanel]) -> None:
    worker = await lab.start_worker(workflows=[StagedWorkflow], activities=[reserve_devices])
    panel = panels(lab, await start_rollout(lab))
    await shows(panel, "lives", "worker A ● running")
    await worker.crash()
    panel.buttons["start"].click()
    await shows(panel, "lives", "worker B ● running")
    assert lab.workers["B"].spec == worker.spec


async def test_a_worker_without_a_recorder_is_said_to_be_not_recorded(
    lab: Lab, panels: Callable[..., StagePanel]
) -> None:
    handle = await start_rollout(lab)
    await lab.start_worker(record=False)
    panel = panels(lab, handle)
    await shows(panel, "track", "gate 1 parked here")
    await shows(panel, "replay", r"Not recorded: worker A \(pid \d+\)")
    assert "from history" not in panel._areas["replay"].value


async def test_a_stage_that_is_none_is_refused_in_words_and_not_sent(
    lab: Lab, panels: Callable[..., StagePanel]
) -> None:
    handle = await start_rollout(lab)
    panel = panels(lab, handle)
    refused: list[tuple[object, str]] = [
        ("2", "is none"),
        (1.5, "is none"),
        (True, "is none"),
        (-1, "from 1 to 3"),
        (0, "from 1 to 3"),
        (4, "from 1 to 3"),
    ]
    for stage, words in refused:
        with pytest.raises(LabError, match=words):
            await panel.advance(stage)  # type: ignore[arg-type]
    names = [event.WhichOneof("attributes") async for event in handle.fetch_history_events()]
    assert "workflow_execution_signaled_event_attributes" not in names


async def test_odd_signals_are_told_and_change_nothing(lab: Lab, panels: Callable[..., StagePanel]) -> None:
    await lab.start_worker()
    handle = await start_rollout(lab)
    panel = panels(lab, handle)
    await lab.until(handle, gate=1)
    await handle.signal("advance_stage", "<b>two</b>")
    await handle.signal("advance_stage", -4)
    await handle.signal("advance_stag", 1)
    now = await shows(panel, "now", "advance_stag.1.: this workflow has no handler of that name")
    assert "is no integer, so the worker drops it" in now
    assert "a negative stage changes nothing" in now
    assert "<b>two</b>" not in panel._areas["now"].value  # escaped
    await shows(panel, "track", "gate 1 parked here")


async def test_a_workflow_that_has_ended_and_one_that_never_was(lab: Lab, panels: Callable[..., StagePanel]) -> None:
    handle = await start_rollout(lab)
    panel = panels(lab, handle)
    await handle.terminate(reason="enough")
    await shows(panel, "now", "the workflow has terminated: enough")
    assert all(panel.buttons[f"advance {n}"].disabled for n in (1, 2, 3))
    with pytest.raises(LabError, match="has terminated: there is nobody to signal"):
        await panel.advance(1)
    unknown = panels(lab, lab.client.get_workflow_handle("no-such-workflow"))
    await shows(unknown, "message", "the server does not know it")


async def test_a_second_panel_replaces_the_first_and_a_closed_lab_says_so(
    lab: Lab, panels: Callable[..., StagePanel]
) -> None:
    handle = await start_rollout(lab)
    first, second = panels(lab, handle), panels(lab, handle)
    assert first.comm is None
    assert repr(second) == f"StagePanel({handle.id!r})"
    await shows(second, "now", "a worker")
    await lab.close()
    await shows(second, "message", "The lab is closed")
    assert all(button.disabled for button in second.buttons.values())


async def test_a_closed_panel_leaves_no_widget(lab: Lab) -> None:
    handle = await start_rollout(lab)
    StagePanel(lab, handle).close()
    before = set(ipywidgets.Widget.widgets)
    panel = StagePanel(lab, handle)
    assert len(set(ipywidgets.Widget.widgets) - before) > 50
    await shows(panel, "heading", "running")
    panel.close()
    assert set(ipywidgets.Widget.widgets) - before == set()


async def test_rows_that_a_worker_could_not_write_are_told(lab: Lab, panels: Callable[..., StagePanel]) -> None:
    """The disk was full: history knows better than the ledger, and the panel says so."""
    await lab.start_worker("A")
    handle = await start_rollout(lab)
    await lab.until(handle, gate=1)
    panel = panels(lab, handle)
    await shows(panel, "ledger", "reserve_devices 1 1")
    with closing(connect(lab.ledger.path)) as db, db:
        db.execute("DELETE FROM activities")
    await panel.advance(1)
    told = await shows(panel, "ledger", "late or lost")
    assert "history says that reserve_devices completed" in told


async def test_a_worker_that_was_killed_is_not_shown_as_running_while_the_ledger_cannot_be_written(
    lab: Lab, panels: Callable[..., StagePanel], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await lab.start_worker("A")
    handle = await start_rollout(lab)
    await lab.until(handle, gate=1)
    panel = panels(lab, handle)
    await shows(panel, "lives", "● running")
    lab._writer._connect = lambda _: (_ for _ in ()).throw(sqlite3.OperationalError("disk full"))  # type: ignore
    await worker.crash()
    await shows(panel, "lives", "✕ crashed")
    await shows(panel, "message", r"The ledger is incomplete: since \d\d:\d\d:\d\d nothing can be written .* disk full")
    del lab._writer._connect
    assert await asyncio.to_thread(wait_for, lambda: lab.ledger.lives()[0].how == "crashed")


async def test_a_lab_whose_folder_was_removed_is_replaced(lab: Lab) -> None:
    shutil.rmtree(lab.ledger.path.parent)
    async with await Lab.start() as new:
        assert new is not lab and lab.closed
        await new.start_worker("A")
        await new.until(await start_rollout(new), gate=1)


async def test_another_sdk_is_said_in_lab_panel_and_trace(
    lab: Lab, panels: Callable[..., StagePanel], monkeypatch: pytest.MonkeyPatch
) -> None:
    await lab.start_worker("A")
    handle = await start_rollout(lab)
    await lab.until(handle, gate=1)
    assert (await lab.trace(handle)).notes == () and "\n" not in repr(lab)
    monkeypatch.setattr(temporalio, "__version__", "1.33.0")
    words = "temporalio 1.33.0 is installed, and stagedflow is tried with 1.35 only"
    assert words in (await lab.trace(handle)).notes[0]
    assert words in repr(lab)
    assert words in await shows(panels(lab, handle), "message", "temporalio")


async def test_a_crashed_worker_is_told_though_the_kernels_clock_was_set_back(
    lab: Lab, panels: Callable[..., StagePanel]
) -> None:
    worker = await lab.start_worker("A")
    handle = await start_rollout(lab)
    await lab.until(handle, gate=1)
    panel = panels(lab, handle)
    await worker.crash()
    await shows(panel, "lives", "✕ crashed")
    state, at = lab._crew.ended[worker.pid]
    assert await asyncio.to_thread(wait_for, lambda: lab.ledger.lives()[0].ended)
    lab._crew.ended[worker.pid] = (state, at - 7200)
    with closing(connect(lab.ledger.path)) as db, db:
        db.execute("UPDATE lives SET started = started - 7200, ended = ended - 7200")
    again = panels(lab, handle)
    await shows(again, "track", "gate 1 parked here")
    await shows(again, "lives", "worker A ✕ crashed", deadline=20)
