"""The keyboard's focus in the saved viewer: keys work from the start, and no click, key or redraw takes them away."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from stagedflow.widgets.viewer.compare import compare
from stagedflow.widgets.viewer.viewer import ReplayViewer
from tests.browser.viewer import opened
from tests.viewer_traces import STEPS, parted, recovered, replayed


def test_a_page_just_opened_takes_keys(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        viewer.press("ArrowRight", "ArrowRight", "ArrowLeft")
        assert viewer.step == 2


def test_a_page_inside_another_leaves_the_focus_to_that(browser: Browser, tmp_path: Path) -> None:
    saved = ReplayViewer(replayed()).save_html(tmp_path / "viewer.html")
    (tmp_path / "outer.html").write_text(f"<input autofocus><iframe src={saved.name!r} width=900 height=900></iframe>")
    with opened(browser, tmp_path / "outer.html") as outer:
        outer.page.frame_locator("iframe").locator(".sfv-where").get_by_text("Step 1 of 4").wait_for()
        assert outer.page.evaluate("() => document.activeElement.tagName") == "INPUT"


def test_a_link_to_an_event_keeps_the_focus_after_a_click_and_after_a_key(browser: Browser) -> None:
    with opened(browser, replayed()) as viewer:
        step = viewer.pane("This step")
        step.get_by_role("button", name="event 5").click()  # to the other step that has it
        assert (viewer.step, viewer.focused) == (2, "This step")
        step.get_by_role("button", name="event 7").focus()
        viewer.press("ArrowRight")  # a step that does not name it
        assert (viewer.step, viewer.focused) == (3, "This step")
        link = step.get_by_role("button", name="event 11")
        link.focus()
        viewer.press("Enter")
        assert (viewer.step, viewer.focused) == (3, "event 11")
        viewer.press("ArrowLeft")
        assert viewer.step == 2


def test_a_button_that_leads_no_further_keeps_the_focus(browser: Browser) -> None:
    with opened(browser, replayed()) as viewer:
        viewer.button("Forward one step").focus()
        viewer.press("Enter", "Enter", "Enter")
        assert viewer.step == 4
        assert viewer.button("Forward one step").is_disabled()
        viewer.press("Enter")  # it does nothing, and says so
        assert (viewer.step, viewer.focused) == (4, "Forward one step")
        viewer.press("ArrowLeft")
        assert viewer.step == 3
        viewer.button("First step").focus()
        viewer.press("Space")
        assert (viewer.step, viewer.focused) == (1, "First step")
        viewer.press("ArrowRight")
        assert viewer.step == 2


def test_play_leaves_the_focus_where_it_is(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        viewer.root.get_by_label("Steps a second").select_option("8")
        viewer.button("Play").click()
        viewer.pane("This step").get_by_role("button").first.focus()
        viewer.page.wait_for_function("() => document.querySelector('.sfv-where b').textContent === 'Step 7 of 7'")
        viewer.press("Home")
        assert viewer.step == 1


def test_more_of_a_long_source_keeps_the_focus_in_it(browser: Browser) -> None:
    lines = "x = 1\n" * 5_000
    with opened(browser, replayed(*STEPS, sources={"/course/rollout.py": lines})) as viewer:
        viewer.root.get_by_role("button", name="▼ lines after").press("Enter")
        assert viewer.focused.startswith("Source")
        viewer.press("ArrowRight")
        assert viewer.step == 2


@pytest.mark.parametrize("part", ["This step", "event 7"])
def test_a_side_without_a_step_hands_the_focus_on(browser: Browser, tmp_path: Path, part: str) -> None:
    saved = compare(replayed(), parted(), names=("as deployed", "edited")).save_html(tmp_path / "two.html")
    with opened(browser, saved) as viewer:
        viewer.button("Back one step").click()
        side = viewer.root.get_by_role("region", name="edited", exact=True)
        role = "button" if part.startswith("event") else "region"
        side.locator(".sfv-step").get_by_role(role, name=part, exact=True).last.focus()
        viewer.press("End")  # here the edited code has no step any more
        viewer.page.wait_for_function("() => document.activeElement.matches('.sfv')")
        viewer.press("ArrowLeft")
        assert viewer.step == 3
