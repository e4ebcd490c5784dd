"""How the saved viewer looks: hostile texts, broken data, widths and colour schemes, and two traces in step."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from stagedflow.replay.trace import ReplayTrace
from stagedflow.widgets.viewer.compare import compare
from stagedflow.widgets.viewer.viewer import ReplayViewer
from tests.browser.viewer import opened
from tests.viewer_traces import HOSTILE, STEPS, hostile, parted, recovered, replayed


def test_hostile_texts_are_shown_and_run_nothing(browser: Browser) -> None:
    with opened(browser, hostile()) as viewer:
        for _ in HOSTILE:
            viewer.root.get_by_role("slider").focus()
            viewer.press("ArrowRight")
        shown = viewer.page.evaluate("() => document.body.textContent")
        assert viewer.page.evaluate("() => window.hacked") is None
        for text in HOSTILE[:5]:
            assert text in shown
        for sign in (r"separator\u2029end", r"nul\x00 escape\x1b[31m", r"right\u202eto left", r"lone \udc80"):
            assert sign in shown
        tags = viewer.page.eval_on_selector_all(".sfv img, .sfv script, .sfv a, .sfv iframe", "all => all.length")
        assert tags == 0
        assert not viewer.overflows()


def test_a_broken_payload_shows_an_error_and_no_blank(browser: Browser, tmp_path: Path) -> None:
    page = ReplayViewer(replayed()).save_html(tmp_path / "whole.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="payload">(.*?)</script>', page, re.DOTALL)
    assert data
    payload = json.loads(data[1])
    payload["steps"]["lines"][2] = 99  # no such path
    for broken, words in (
        ("{", "cannot be drawn"),
        ('{"version": 9}', "of a version that this viewer does not know"),
        (json.dumps(payload), "cannot be drawn"),
    ):
        (tmp_path / "broken.html").write_text(page.replace(data[1], broken))
        context = browser.new_context(offline=True)
        tab = context.new_page()
        tab.goto((tmp_path / "broken.html").as_uri())
        if "steps" in broken:
            tab.locator(".sfv-slider").fill("2")
        expect(tab.get_by_role("alert")).to_contain_text(words)
        context.close()


def test_an_empty_trace_says_so(browser: Browser) -> None:
    with opened(browser, ReplayTrace(workflow_type="Rollout")) as viewer:
        assert "no step to show yet" in viewer.root.inner_text()


NO_STEP = "No workflow task of this history was started: no worker has run any of its code yet."


@pytest.mark.parametrize("width", [420, 1280])
def test_a_history_without_a_step_is_shown_with_the_source_and_no_key_breaks_it(browser: Browser, width: int) -> None:
    trace = replace(replayed(), steps=(), notes=(NO_STEP,))
    with opened(browser, trace, width=width) as viewer:
        assert NO_STEP in viewer.root.inner_text() and "no worker has run this workflow" not in viewer.root.inner_text()
        assert viewer.pane("History").locator(".sfv-event").count() == 21
        assert viewer.pane("History").locator(".sfv-event.sfv-is-later, .sfv-event.sfv-is-bad").count() == 0
        assert "execute_activity" in viewer.pane("Source").inner_text()
        assert not viewer.pane("This step").is_visible()
        keys = (
            "ArrowLeft",
            "ArrowRight",
            "Shift+ArrowRight",
            "Shift+ArrowLeft",
            ".",
            ",",
            "Home",
            "End",
            " ",
            "n",
        )
        viewer.press(*keys)
        for pane in ("Source", "History"):
            viewer.pane(pane).get_by_role("listbox").focus()
            viewer.press("ArrowDown", "ArrowDown", "Enter", "PageUp", *keys)
        viewer.pane("Source").get_by_role("button").first.click()
        viewer.pane("History").locator("[data-event='11']").click()
        assert viewer.root.get_by_role("alert").count() == 0
        assert not viewer.overflows()


def test_the_sentence_of_a_step_is_never_cut(browser: Browser) -> None:
    wordy = replace(STEPS[1], state={f"name_{n}": "a long text " * 9 for n in range(5)})
    with opened(browser, replayed(STEPS[0], wordy), width=420) as viewer:
        viewer.button("Last step").click()
        told = viewer.root.locator(".sfv-told")
        assert told.inner_text().endswith(".")
        assert told.evaluate("(p) => p.scrollHeight <= p.clientHeight")
        assert not viewer.overflows()


def test_without_scripts_the_page_is_a_table(browser: Browser) -> None:
    with opened(browser, recovered(), scripts=False) as viewer:
        assert len(viewer.page.locator("noscript tbody tr").all()) == 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 1600])
def test_it_fits_the_window_and_its_text_is_legible(browser: Browser, width: int, scheme: str) -> None:
    for trace in (recovered(), parted()):
        with opened(browser, trace, width=width, scheme=scheme) as viewer:
            for _ in trace.steps:
                assert not viewer.overflows()
                assert viewer.illegible() == []
                viewer.root.get_by_role("slider").focus()
                viewer.press("ArrowRight")


def test_the_words_of_an_event_go_on_below_and_are_not_cut(browser: Browser) -> None:
    with opened(browser, recovered(), width=760) as viewer:
        viewer.button("Last step").click()
        rows = viewer.pane("History").locator(".sfv-event")
        heights = rows.evaluate_all("rows => rows.map((row) => row.offsetHeight)")
        assert len(heights) == 21 and min(heights) == 24 < max(heights)
        cut = rows.evaluate_all(
            "rows => rows.filter((r) => r.scrollWidth > r.clientWidth || r.scrollHeight > r.clientHeight)"
        )
        assert cut == []
        shown = viewer.pane("History").locator(".sfv-is-job").last
        box, pane = shown.bounding_box(), viewer.pane("History").bounding_box()
        assert box and pane and pane["y"] < box["y"] and box["y"] + box["height"] <= pane["y"] + pane["height"]


@pytest.mark.parametrize("width", [800, 1600])
def test_two_traces_move_in_step(browser: Browser, tmp_path: Path, width: int) -> None:
    saved = compare(replayed(), parted(), names=("as deployed", "edited")).save_html(tmp_path / "two.html")
    with opened(browser, saved, width=width) as viewer:
        assert viewer.step == 3  # the pair that differs first
        one, two = (viewer.root.get_by_role("region", name=name, exact=True) for name in ("as deployed", "edited"))
        assert one.locator(".sfv-where b").first.inner_text() == "Step 3 of 4"
        assert two.locator(".sfv-where b").first.inner_text() == "Step 3 of 3"
        assert "≠ differs: lines, commands, waiting, failure" in viewer.root.locator(".sfv-top").inner_text()
        assert "this code asked to start timer 1 min" in two.inner_text()
        assert "this code asked" not in one.inner_text()
        boxes = [side.bounding_box() for side in (one, two)]
        assert boxes[0] and boxes[1]
        assert (boxes[0]["x"] == boxes[1]["x"]) == (width == 800)  # stacked, or side by side
        viewer.button("First step").click()
        assert [s.locator(".sfv-where b").first.inner_text() for s in (one, two)] == ["Step 1 of 4", "Step 1 of 3"]
        viewer.button("Next").click()
        assert viewer.step == 3
        viewer.button("Last step").click()
        assert "No step here" in two.inner_text()
        one.locator("[data-event='7']").click()
        assert viewer.step == 2
        assert not viewer.overflows()
        assert viewer.illegible() == []
