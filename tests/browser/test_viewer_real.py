"""Pages of real replays: hostile histories and states, and an edited workflow that no longer fits its history."""

import importlib
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from stagedflow import ReplayTrace, record_replay, staged
from stagedflow.background import submit
from tests.browser.viewer import opened
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import load, text_of, with_large_input

HISTORY = Path(__file__).parents[1] / "fixtures" / "completed.json"
PICTURE = Path(__file__).parents[2] / "notebooks/images/edited_code_against_history.png"


def replay(history: object, workflow: type) -> ReplayTrace:
    """Record it on the lab's loop: playwright has one of its own here."""
    return submit(record_replay(history, workflows=[workflow])).result(60)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["hostile_payloads", "hostile_state"])
def test_a_hostile_history_or_state_runs_nothing(browser: Browser, name: str) -> None:
    trace = replay(load(name), CASES[name].workflow)
    with opened(browser, trace) as viewer:  # it fails on any dialog, error or request
        for _ in trace.steps:
            viewer.press("ArrowRight")
            tags = "all => all.filter(element => !element.closest('svg')).length"
            assert viewer.page.eval_on_selector_all(".sfv script, .sfv img, .sfv iframe, .sfv a", tags) == 0
        assert "script" in viewer.page.evaluate("() => document.querySelector('.sfv').textContent")
        assert not viewer.overflows()


def test_a_megabyte_in_a_payload_leaves_the_page_small(browser: Browser, tmp_path: Path) -> None:
    case = CASES["hostile_payloads"]
    trace = replay(with_large_input(text_of("hostile_payloads")), case.workflow)
    with opened(browser, trace) as viewer:
        assert "<b>xxx" in viewer.pane("History").inner_text()
        assert len(viewer.page.content()) < 300_000


def test_edited_code_is_shown_beside_the_event_that_it_does_not_fit(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # the sandbox imports it anew
    trace = replay(HISTORY, edited(tmp_path))
    assert trace.failure and trace.failure.expected and trace.failure.actual
    line = trace.failure.actual.line
    with opened(browser, trace) as viewer:
        assert viewer.step == trace.failure.step + 1 == len(trace.steps)
        expect(viewer.root.locator(".sfv-trouble").first).to_contain_text(f"at line {line} of edited_rollout.py")
        note = viewer.root.locator(f".sfv-row[data-line='{line}']")
        expect(note).to_contain_text("this code asked to start timer 1 day")
        expect(note).to_contain_text("flash_firmware")
        expect(viewer.root.locator(".sfv-event.sfv-is-bad")).to_contain_text(str(trace.failure.expected.id))
        if os.environ.get("STAGEDFLOW_PICTURES"):
            viewer.root.screenshot(path=PICTURE)


def edited(folder: Path) -> type:
    """The course's workflow with one more timer: an edit that running workflows do not survive."""
    source = Path(staged.__file__).read_text()
    gate = "        # Gate 2: the release approval.\n"
    assert gate in source
    file = folder / "edited_rollout.py"
    file.write_text(source.replace(gate, f"        await workflow.sleep(timedelta(days=1))  # new\n\n{gate}"))
    return importlib.import_module(file.stem).StagedWorkflow  # type: ignore[no-any-return]
