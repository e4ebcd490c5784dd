"""The saved viewer with much to show: a history at Temporal's limit, many workers, a long source."""

from dataclasses import replace

from playwright.sync_api import Browser

from stagedflow.replay.trace import ReplayStep, WorkerLife
from tests.browser.viewer import opened
from tests.viewer_traces import STEPS, long, replayed


def test_many_workers_share_a_lane_and_no_crash_is_lost(browser: Browser) -> None:
    steps = [replace(STEPS[0], worker=pid) for pid in range(1, 13)]
    lives = tuple(WorkerLife(f"W{pid}", pid, 0.0, 1.0, "crashed", True) for pid in range(1, 13))
    with opened(browser, replayed(*steps, lives=lives)) as viewer:
        lanes = viewer.root.locator(".sfv-lane").all_inner_texts()
        assert lanes == ["5 earlier workers", *(f"W{pid} pid {pid} ✕ crashed" for pid in range(6, 13))]
        marks = viewer.page.eval_on_selector_all(".sfv-mark-crash", "all => all.map(e => e.getAttribute('d')).join('')")
        assert marks.count("M") == 2 * 12  # two strokes each


def test_a_crash_among_ten_thousand_steps_is_seen(browser: Browser) -> None:
    steps = [replace(STEPS[1], worker=11 if n < 4_321 else 22) for n in range(10_000)]
    lives = (WorkerLife("A", 11, 0.0, 1.0, "crashed", True), WorkerLife("B", 22, 0.0, None, None, True))
    with opened(browser, replayed(*steps, lives=lives)) as viewer:
        assert viewer.root.locator(".sfv-mark-crash").count() == 1
        viewer.button("Next").click()
        assert viewer.step == 4_321


def test_a_long_source_is_drawn_in_parts(browser: Browser) -> None:
    lines = ["x = 1"] * 5_000
    steps = [ReplayStep(0, True, lines=(("/course/rollout.py", n),)) for n in (10, 4_000, 2_500)]
    with opened(browser, replayed(*steps, sources={"/course/rollout.py": "\n".join(lines)})) as viewer:
        reached = []
        for _ in steps:
            reached.append(viewer.line)
            assert len(viewer.pane("Source").locator(".sfv-row").all()) <= 1_000
            viewer.root.get_by_role("slider").focus()
            viewer.press("ArrowRight")
        assert reached == [10, 4_000, 2_500]


def test_a_history_at_temporals_limit_opens_and_scrubs(browser: Browser) -> None:
    trace = long(5_120)
    assert (len(trace.steps), len(trace.events)) == (10_240, 51_200)
    with opened(browser, replayed()):
        pass  # the browser's own start is not the page's
    with opened(browser, trace) as viewer:
        took = viewer.page.evaluate("() => performance.getEntriesByType('navigation')[0].loadEventEnd")
        assert viewer.step == 1
        viewer.root.get_by_role("slider").focus()
        plot = viewer.root.locator(".sfv-plot").bounding_box()
        assert plot
        scrubs: dict[str, list[float]] = {}
        for turn in range(5):
            for key in ("ArrowRight", "End", "ArrowLeft", "Home", "n", "Shift+ArrowRight"):
                viewer.press(key)
                scrubs.setdefault(key.removeprefix("Shift+"), []).extend(viewer.times()[-1:])
            viewer.page.mouse.click(plot["x"] + plot["width"] * (0.1 + 0.2 * turn), plot["y"] + 10)
            scrubs.setdefault("click", []).extend(viewer.times())
        shown = {kind: [round(ms) for ms in sorted(times)] for kind, times in scrubs.items()}
        print(f"opened in {took:.0f} ms; scrubs in ms: {shown}")
        assert all(len(times) >= 5 for times in shown.values()), shown
        events = viewer.pane("History").get_by_role("option")
        viewer.press("End")
        assert viewer.step == 10_240
        assert events.count() < 60  # of 51,200: those in view
        assert viewer.pane("History").locator("[data-event='51200']").is_visible()
