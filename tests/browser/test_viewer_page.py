"""The saved viewer, opened from disk with the network off: by mouse and by key alone."""

import re
from dataclasses import replace

from playwright.sync_api import Browser, expect

from stagedflow.replay.trace import Failure, Waiting
from tests.browser.viewer import opened
from tests.viewer_traces import (
    ADVANCE,
    FILE,
    FLASH,
    GATE,
    INIT,
    LOG,
    RESERVE,
    STEPS,
    cut,
    evicted,
    parted,
    recovered,
    replayed,
)  # fmt: skip


def test_buttons_slider_and_strip_scrub_through_the_steps(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        assert viewer.step == 1
        assert viewer.button("First step").is_disabled() and viewer.button("Back one step").is_disabled()
        viewer.button("Forward one step").click()
        assert viewer.step == 2
        viewer.button("Last step").click()
        assert viewer.step == 7
        assert viewer.button("Forward one step").is_disabled() and viewer.button("Last step").is_disabled()
        plot = viewer.root.locator(".sfv-plot").bounding_box()
        assert plot
        middle, y = plot["x"] + plot["width"] / 2, plot["y"] + 12
        viewer.page.mouse.move(middle, y)
        viewer.page.mouse.down()
        assert viewer.step == 4
        viewer.page.mouse.move(plot["x"] + 1, y, steps=5)
        assert viewer.step == 1
        viewer.page.mouse.up()
        viewer.page.mouse.move(middle, y)
        assert viewer.step == 1  # the button is up
        viewer.root.get_by_role("slider", name="Step").fill("4")
        assert viewer.step == 5
        expect(viewer.root.get_by_role("slider")).to_have_attribute("aria-valuetext", "Step 5 of 7, query: query stage")


def test_a_step_shows_its_lines_its_waits_and_what_each_worker_has_run(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        assert viewer.marked(".sfv-ran") == [INIT, LOG, RESERVE]
        assert viewer.line == RESERVE
        assert viewer.pane("Source").locator(f"[data-line='{RESERVE}'] .sfv-note").inner_text() == (
            "‖ run waits here: activity reserve"
        )
        assert "workflow.uuid4() = UUID('1234')" in viewer.pane("This step").inner_text()
        viewer.root.get_by_role("slider").fill("5")
        row = viewer.pane("Source").locator(f"[data-line='{GATE}']")
        assert row.locator(".sfv-gutter").all_inner_texts() == ["●4", "↻4 ●6"]
        assert row.locator(".sfv-order").inner_text() == "●2"
        live = viewer.pane("Source").locator(".sfv-note.sfv-is-live")
        assert live.inner_text() == "● worker B (pid 22) goes live here, on signal advance(1)"
        step = viewer.pane("This step")
        assert "new: sent to the server, made event 15" in step.inner_text()
        assert step.locator(".sfv-changed").inner_text().split() == ["stage", "=", "0", "→", "1", "Δ", "changed"]
        viewer.root.get_by_role("slider").fill("2")
        assert "↻ matched event 5: not sent again" in step.inner_text()
        assert row.locator(".sfv-gutter").all_inner_texts() == ["●4", ""]  # as far as B had come then


def test_events_of_the_step_are_marked_and_lead_to_their_steps(browser: Browser) -> None:
    with opened(browser, replayed()) as viewer:
        history = viewer.pane("History")
        assert history.locator(".sfv-is-job .sfv-id").all_inner_texts() == ["1"]
        assert history.locator(".sfv-event.sfv-is-brought .sfv-id").all_inner_texts() == ["2", "3"]
        assert history.locator(".sfv-event.sfv-is-command .sfv-id").all_inner_texts() == ["5"]
        history.locator("[data-event='11']").click()
        assert viewer.step == 3  # it came with it
        history.locator("[data-event='5']").click()
        assert viewer.step == 1  # its command made it
        history.locator("[data-event='5']").click()
        assert viewer.step == 2  # and with this one it came back
        viewer.pane("This step").get_by_role("button", name="event 7").click()
        assert viewer.step == 2


def test_a_place_that_the_step_did_not_run_is_shown_without_leaving_the_step(browser: Browser) -> None:
    other = replace(STEPS[1], waiting=(*STEPS[1].waiting, Waiting("timer", "timer 1 s", ADVANCE, "task", FILE)))
    with opened(browser, replayed(STEPS[0], other)) as viewer:
        viewer.button("Last step").click()
        viewer.pane("This step").get_by_role("button", name=f"line {ADVANCE}").click()
        assert viewer.step == 2
        assert viewer.marked(".sfv-cursor") == [ADVANCE]


def test_a_line_leads_to_the_next_step_that_ran_it_and_round_again(browser: Browser) -> None:
    with opened(browser, replayed()) as viewer:
        line = viewer.pane("Source").locator(f"[data-line='{GATE}']")
        reached = []
        for _ in range(3):
            line.click()
            reached.append((viewer.step, viewer.line))
        assert reached == [(2, GATE), (3, GATE), (2, GATE)]
        viewer.pane("Source").locator("[data-line='1']").click()  # it never ran
        assert viewer.step == 2


def test_lines_walk_through_a_step_and_on_into_the_next(browser: Browser) -> None:
    with opened(browser, replayed()) as viewer:
        walked = []
        for _ in range(4):
            viewer.button("Forward one line").click()
            walked.append((viewer.step, viewer.line))
        assert walked == [(2, RESERVE), (2, GATE), (3, 22), (3, GATE)]
        viewer.button("Back one line").click()
        viewer.button("Back one line").click()
        assert (viewer.step, viewer.line) == (2, GATE)


def test_a_workflow_built_anew_after_an_eviction_has_changed_nothing(browser: Browser) -> None:
    with opened(browser, evicted()) as viewer:
        step = viewer.pane("This step")
        changes = []
        for _ in evicted().steps:
            changes.append(step.locator(".sfv-changed").all_inner_texts())
            viewer.press("ArrowRight")
        assert [len(found) for found in changes] == [0, 0, 1, 0, 0, 1, 0]
        viewer.press("Home", "ArrowRight", "ArrowRight", "ArrowRight")
        assert "stage is" not in viewer.root.locator(".sfv-told").inner_text()
        kind = viewer.root.get_by_label("What to jump to")
        assert "state change (2)" in kind.locator("option").all_inner_texts()


def test_a_step_that_ran_more_lines_than_are_kept_says_so(browser: Browser) -> None:
    words = "… more lines ran than are kept: only the first 2 are shown"
    with opened(browser, cut()) as viewer:
        assert words not in viewer.root.inner_text()
        viewer.press("ArrowRight")
        assert words in viewer.pane("This step").inner_text()
        note = viewer.pane("Source").locator(f"[data-line='{GATE}'] .sfv-is-cut")
        assert note.inner_text() == words
        assert "line 2 of the 2 kept; state as at the step's end" in viewer.root.locator(".sfv-top").inner_text()
        assert "ran lines 14, 16 and more lines than are kept" in viewer.root.locator(".sfv-told").inner_text()
        viewer.press("ArrowRight")
        assert words not in viewer.root.inner_text()


def test_code_that_raised_after_the_lines_kept_is_not_said_to_have_raised_at_the_last(browser: Browser) -> None:
    failure = Failure("raised", "The code raised ValueError.", 1)
    with opened(browser, replayed(*STEPS, failure=failure)) as viewer:
        assert viewer.pane("Source").locator(".sfv-note.sfv-is-bad").all_inner_texts() == ["! raised here"]
    with opened(browser, replace(cut(), failure=failure)) as viewer:
        assert viewer.step == 2
        assert viewer.pane("Source").locator(".sfv-note.sfv-is-bad").count() == 0


def test_jumps_go_to_crashes_signals_changes_and_going_live(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        kind = viewer.root.get_by_label("What to jump to")
        assert kind.locator("option").all_inner_texts() == [
            "crash (1)",
            "signal or update (1)",
            "state change (1)",
            "going live (1)",
        ]
        viewer.button("Next").click()
        assert viewer.step == 2
        assert "then its worker crashed" in viewer.root.inner_text()
        assert viewer.button("Next").is_disabled()
        kind.select_option("signal")
        viewer.button("Next").click()
        assert viewer.step == 6
        viewer.button("Last step").click()
        viewer.button("Previous").click()
        assert viewer.step == 6


def test_search_finds_jobs_commands_events_state_and_source(browser: Browser) -> None:
    with opened(browser, replayed()) as viewer:
        box, hits = viewer.root.get_by_role("searchbox"), viewer.root.locator(".sfv-hits")
        expected = {
            "advance": 1,
            "schedule activity": 2,
            "wait_condition": 2,
            "signaled": 1,
            "max(self.stage": 1,
            "xyzzy": 0,
        }
        for text, count in expected.items():
            box.fill(text)
            found = re.sub(r"^\d+ of ", "", hits.inner_text())
            assert found == (f"{count} step{'' if count == 1 else 's'}" if count else "nothing found"), text
        box.fill("schedule activity")
        viewer.press("Enter")
        assert (viewer.step, hits.inner_text()) == (3, "2 of 2 steps")
        viewer.press("Enter")
        assert (viewer.step, hits.inner_text()) == (1, "1 of 2 steps")
        viewer.press("Shift+Enter")
        assert viewer.step == 3
        viewer.press("Escape")
        assert hits.inner_text() == ""


def test_play_goes_on_at_its_speed_and_stops_at_the_end(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        viewer.root.get_by_label("Steps a second").select_option("8")
        viewer.button("Play").click()
        viewer.button("Pause").wait_for()
        viewer.page.wait_for_function("() => document.querySelector('.sfv-where b').textContent === 'Step 3 of 7'")
        viewer.button("Pause").click()
        viewer.button("Play").click()
        viewer.page.wait_for_function("() => document.querySelector('.sfv-where b').textContent === 'Step 7 of 7'")
        viewer.button("Play").wait_for()
        viewer.press("Space")  # on the button: from the start again
        viewer.button("Pause").wait_for()
        viewer.page.wait_for_function("() => document.querySelector('.sfv-where b').textContent === 'Step 2 of 7'")


def test_everything_is_reached_by_key_alone(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        names = []
        for _ in range(30):
            viewer.press("Tab")
            names.append(viewer.page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
            outline = viewer.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            if viewer.page.evaluate("() => document.activeElement !== document.body"):
                assert outline != "none", names
        wanted = ["Step", "Play", "Forward one step", "Last step", "Forward one line", "What to jump to", "Next"]
        assert set(wanted) <= set(names)
        assert any(name and name.startswith("History") for name in names)
        viewer.root.get_by_role("slider").focus()
        expected = {
            "ArrowRight": 2,
            "End": 7,
            "ArrowLeft": 6,
            "Home": 1,
            "n": 2,
            ".": 3,
            ",": 2,
            " ArrowRight": 3,
            "p": 2,
        }
        for key, step in expected.items():
            viewer.press(key.strip())
            assert viewer.step == step, key
        viewer.press("Home", "Shift+ArrowLeft")
        assert viewer.line == LOG
        viewer.press("/")
        viewer.page.keyboard.type("flash")
        viewer.press("Enter")
        assert viewer.step == 6
        viewer.press("Escape")
        viewer.root.get_by_role("listbox", name=re.compile("^History")).focus()
        viewer.press("ArrowDown", "ArrowUp", "ArrowUp", "Enter")  # events 13, 12, 11: two came before it
        assert viewer.step in (4, 6)
        viewer.root.get_by_role("listbox", name=re.compile("^Source")).focus()
        viewer.press("Home", "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
        assert viewer.line == GATE


def test_a_screen_reader_hears_the_step_in_a_sentence_once_the_reader_rests(browser: Browser) -> None:
    with opened(browser, recovered()) as viewer:
        viewer.root.get_by_role("slider").focus()
        viewer.press("ArrowRight")
        said = viewer.root.locator("[aria-live=polite]")
        expect(said).to_have_text(
            "Step 2 of 7, executed now: activity reserve completed. Brought activity reserve completed (event 7); "
            "ran lines 14, 16; now waits for gate 1: wait_condition at rollout.py:16. Then its worker crashed."
        )
        unnamed = viewer.page.eval_on_selector_all(
            "button, input, select, [role=listbox], [role=region]",
            "all => all.filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).length",
        )
        assert unnamed == 0


def test_a_failure_stands_beside_the_line_that_made_it(browser: Browser) -> None:
    with opened(browser, parted()) as viewer:
        assert viewer.step == 3  # the reader begins there
        note = viewer.pane("Source").locator(f"[data-line='{FLASH}'] .sfv-is-bad")
        assert note.inner_text() == (
            "! history has event 15, Activity task scheduled (flash); this code asked to start timer 1 min"
        )
        assert "not what history has" in viewer.pane("This step").inner_text()
        assert viewer.pane("History").locator(".sfv-event.sfv-is-bad .sfv-id").inner_text() == "15"
        viewer.button("First step").click()
        viewer.button("Go to step 3").click()
        assert viewer.step == 3
        viewer.root.get_by_text("Temporal's own words").click()
        assert viewer.root.get_by_text("[TMPRL1100] Nondeterminism error").is_visible()
