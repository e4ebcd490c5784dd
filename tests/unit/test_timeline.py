"""The timeline: what it draws and says, from hand-made facts."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from stagedflow.history.runs import Event, Run
from stagedflow.history.waiting import PendingActivity
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityAttempt
from stagedflow.replay.trace import ReplayStep, ReplayTrace, WorkerLife
from stagedflow.widgets.timeline.svg import as_svg
from stagedflow.widgets.timeline.tale.activities import NOT_IN_HISTORY
from stagedflow.widgets.timeline.timeline import snapshot_svg, story, timeline

T0 = 1_700_000_000.0
PIDS = {"A": 4101, "B": 4102, "C": 4103}
SVG = "{http://www.w3.org/2000/svg}"


class Builder:
    """Facts of a run, event by event; times are seconds since its start."""

    def __init__(self, workflow_type: str = "StagedWorkflow") -> None:
        self.events: list[Event] = []
        self.attempts: list[ActivityAttempt] = []
        self.lives: list[WorkerLife] = []
        self.steps: list[ReplayStep] = []
        self.pending: tuple[PendingActivity, ...] = ()
        self.shift = 0.0
        self.add("WORKFLOW_EXECUTION_STARTED", 0, workflow_type=workflow_type, identity="7@host")

    def add(self, kind: str, at: float, **detail: Any) -> int:
        self.events.append(Event(len(self.events) + 1, kind, T0 + at, detail))
        return len(self.events)

    def life(self, name: str, start: float, end: float | None = None, how: str | None = None, pid: int = 0) -> None:
        ended = None if end is None else T0 + end
        self.lives.append(WorkerLife(name, pid or PIDS[name], T0 + start, ended, how, True))

    def task(
        self, at: float, by: str | None, *, sticky: bool = False, outcome: str = "COMPLETED", took: float = 0.01
    ) -> int:
        scheduled = self.add("WORKFLOW_TASK_SCHEDULED", at, sticky=sticky, timeout=10.0)
        if by:
            self.add("WORKFLOW_TASK_STARTED", at + 0.002, scheduled_id=scheduled, identity=f"{by}@{PIDS[by]}")
        if outcome:
            who = {"identity": f"{by}@{PIDS[by]}"} if by and outcome != "TIMED_OUT" else {}
            self.add(f"WORKFLOW_TASK_{outcome}", at + took, scheduled_id=scheduled, **who)
        return scheduled

    def activity(
        self,
        name: str,
        at: float,
        took: float | None,
        by: str,
        *,
        attempt: int = 1,
        scheduled: int = 0,
        outcome: str = "completed",
    ) -> int:
        """Schedule (unless `scheduled`) and run an attempt; `took` None leaves it in flight, as its row does."""
        scheduled = scheduled or self.add(
            "ACTIVITY_TASK_SCHEDULED", at, activity_type=name, activity_id=str(len(self.events)), start_to_close=30.0
        )
        activity_id = self.events[scheduled - 1].detail["activity_id"]
        finished = None if took is None else T0 + at + took
        row = ActivityAttempt(
            name, activity_id, attempt, PIDS[by], T0 + at + 0.003, finished, outcome if took is not None else None
        )
        self.attempts.append(row)
        if took is not None and outcome == "completed":
            who = {"scheduled_id": scheduled, "identity": f"{by}@{PIDS[by]}"}
            self.add("ACTIVITY_TASK_STARTED", at + 0.002, attempt=attempt, **who)
            self.add("ACTIVITY_TASK_COMPLETED", at + took + 0.002, **who)
        return scheduled

    def signal(self, at: float, *args: Any, name: str = "advance_stage") -> int:
        return self.add("WORKFLOW_EXECUTION_SIGNALED", at, name=name, args=args, identity="7@host")

    def step(
        self, by: str, at: float, *, replaying: bool = False, events: tuple[int, ...] = (), query: bool = False
    ) -> None:
        lines = (("flow.py", 50 + len(self.steps)),)
        self.steps.append(
            ReplayStep(len(self.steps), replaying, events, lines=lines, worker=PIDS[by], at=T0 + at, query=query)
        )

    @property
    def facts(self) -> Facts:
        trace = ReplayTrace(tuple(self.steps), "StagedWorkflow", "flow.py")
        return Facts(
            "id", "run", Run(tuple(self.events)), self.pending, tuple(self.attempts), tuple(self.lives), {}, trace
        )


def to_gate_1(first_activity: str = "reserve_devices") -> Builder:
    b = Builder()
    b.life("A", -0.4)
    b.task(0, "A")
    b.activity(first_activity, 0.01, 0.5, "A")
    b.task(0.52, "A", sticky=True)
    return b


def crashed_while_parked(*, crash: float = 1.5, signal: float = 1.503, b_starts: float = 1.6, pids: int = 0) -> Builder:
    """Crash, signal, start B: ten seconds of silence, then the replay."""
    b = to_gate_1()
    b.lives[0] = replace(b.lives[0], ended=T0 + crash, how="crashed")
    b.life("B", b_starts)
    b.signal(signal, 1)
    b.task(signal, None, sticky=True, outcome="TIMED_OUT", took=10.0)
    at = signal + 10.0
    b.task(at, "B", took=0.02)
    started = len(b.events) - 1
    b.step("B", at + 0.008, replaying=True, events=(1, 2, 3))
    b.step("B", at + 0.01, replaying=True, events=(4, 5, 6))
    b.step("B", at + 0.012, events=tuple(range(7, started + 1)))
    b.activity("stage_firmware", at + 0.02, 0.5, "B")
    b.task(at + 0.55, "B", sticky=True)
    return b


CRASH_STORY = (
    "worker A started",
    "workflow StagedWorkflow started",
    "activity reserve_devices started (attempt 1, worker A)",
    "activity reserve_devices completed (attempt 1, worker A)",
    "parked at gate 1",
    "worker A crashed",
    "signal advance_stage(1)",
    "worker B started",
    "workflow task waited on dead worker A's sticky queue (timed out)",
    "worker B replayed 2 activations (lines 50–51) and went live",
    "activity stage_firmware started (attempt 1, worker B)",
    "activity stage_firmware completed (attempt 1, worker B)",
    "parked at gate 2",
)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def texts(svg: str) -> list[str]:
    return [t.text or "" for t in parsed(svg).iter(f"{SVG}text")]


def test_the_story_of_a_crash_while_parked() -> None:
    assert story(crashed_while_parked().facts) == CRASH_STORY


@pytest.mark.parametrize(
    ("crash", "signal", "b_starts"),
    [(1.5, 1.503, 1.505), (1.504, 1.501, 1.503), (1.5, 1.51, 1.55), (1.2, 1.9, 2.9), (1.53, 1.5, 1.54)],
)
def test_a_story_is_the_same_when_the_clocks_put_its_moments_otherwise(
    crash: float, signal: float, b_starts: float
) -> None:
    facts = crashed_while_parked(crash=crash, signal=signal, b_starts=b_starts).facts
    assert story(facts) == CRASH_STORY
    assert snapshot_svg(facts) == snapshot_svg(crashed_while_parked().facts)


def test_story_and_snapshot_do_not_hold_what_differs_between_runs() -> None:
    def anew(detail: Mapping[str, Any]) -> dict[str, Any]:
        return {k: re.sub(r"410(\d)", r"9000\1", v) if k == "identity" else v for k, v in detail.items()}

    before = crashed_while_parked().facts
    renamed = {4101: 90001, 4102: 90002}
    after = replace(
        before,
        lives=tuple(replace(x, pid=renamed[x.pid]) for x in before.lives),
        attempts=tuple(replace(a, pid=renamed[a.pid]) for a in before.attempts),
        trace=replace(before.trace, steps=tuple(replace(s, worker=renamed[s.worker or 0]) for s in before.trace.steps)),
        run=Run(tuple(
            replace(e, detail=anew(e.detail))
            for e in before.run.events
        )),
    )  # fmt: skip
    assert story(after) == story(before)
    assert snapshot_svg(after) == snapshot_svg(before)
    assert "4101" not in snapshot_svg(before)
    assert as_svg(timeline(after, now=T0 + 20)) != as_svg(timeline(before, now=T0 + 20))


def test_parallel_activities_are_told_in_the_order_of_their_schedule() -> None:
    def two(first: float, second: float) -> tuple[str, ...]:
        b = Builder()
        b.life("A", -0.4)
        b.task(0, "A")
        ids = [b.activity(name, 0.01, None, "A") for name in ("left", "right")]
        for i, took in sorted(enumerate((first, second)), key=lambda pair: pair[1]):
            b.attempts[i] = replace(b.attempts[i], finished=T0 + took, outcome="completed")
            b.add("ACTIVITY_TASK_STARTED", 0.012, scheduled_id=ids[i], attempt=1, identity="A@4101")
            b.add("ACTIVITY_TASK_COMPLETED", took, scheduled_id=ids[i], identity="A@4101")
        return story(b.facts)

    assert two(0.50, 0.51) == two(0.51, 0.50)
    assert two(0.5, 0.9) != two(0.9, 0.5)


def test_a_worker_of_another_time_is_no_part_of_the_story() -> None:
    b = to_gate_1()
    b.lives.insert(0, WorkerLife("Z", 4000, T0 - 50, T0 - 20, "stopped", True))
    assert not any("worker Z" in line for line in story(b.facts))
    assert "4000" not in as_svg(timeline(b.facts, now=T0 + 2))


def test_the_story_ends_with_the_run() -> None:
    b = to_gate_1()
    b.lives[0] = replace(b.lives[0], ended=T0 + 3.01, how="stopped")
    b.add("WORKFLOW_EXECUTION_TERMINATED", 3.0, identity="7@host", message="")
    b.life("B", 9)
    assert story(b.facts)[-2:] == ("parked at gate 1", "workflow terminated")
    assert "stopped" in texts(as_svg(timeline(b.facts, now=T0 + 99)))


def test_an_attempt_in_flight_is_open_ended_and_says_where_it_is_known_from() -> None:
    b = to_gate_1()
    b.signal(2, 1)
    b.task(2, "A", sticky=True)
    b.activity("stage_firmware", 2.01, None, "A")
    line = timeline(b.facts, now=T0 + 9)
    [span] = [s for lane in line.lanes for s in lane.spans if s.kind == "in flight"]
    assert (span.end, span.worker, span.note) == (None, "A", NOT_IN_HISTORY)
    assert any(NOT_IN_HISTORY in t for t in texts(as_svg(line)))
    assert line.text().splitlines()[-1] == f"now: stage_firmware: attempt 1 · A, in flight, {NOT_IN_HISTORY}"


def test_an_attempt_that_only_describe_knows_is_drawn_too() -> None:
    b = to_gate_1()
    b.signal(2, 1)
    b.task(2, "A", sticky=True)
    b.activity("stage_firmware", 2.01, None, "A")
    activity_id = b.attempts.pop().activity_id
    b.pending = (PendingActivity(activity_id, "stage_firmware", "started", 3, T0 + 2.4, 30.0, "A@4101"),)
    [span] = [s for lane in timeline(b.facts, now=T0 + 9).lanes for s in lane.spans if s.kind == "in flight"]
    assert (span.label, round(span.start, 1), span.end) == ("attempt 3 · A", 2.4, None)


def died_in_attempt_1() -> Builder:
    b = to_gate_1()
    b.signal(2, 1)
    b.task(2, "A", sticky=True)
    scheduled = b.activity("stage_firmware", 2.01, None, "A")
    b.lives[0] = replace(b.lives[0], ended=T0 + 2.6, how="crashed")
    b.life("B", 2.62)
    b.activity("stage_firmware", 5.0, 0.5, "B", attempt=2, scheduled=scheduled)
    return b


def test_an_attempt_ends_with_its_worker() -> None:
    b = died_in_attempt_1()
    [lane] = [x for x in timeline(b.facts, now=T0 + 9).lanes if x.title == "stage_firmware"]
    died, silence, again = lane.spans
    assert (died.kind, died.label, died.end) == ("died", "attempt 1 · A", pytest.approx(2.6))
    assert (silence.label, silence.end) == ("server waits for start-to-close", pytest.approx(5.003))
    assert (again.kind, again.worker) == ("completed", "B")
    svg = as_svg(timeline(b.facts, now=T0 + 9))
    assert any("died" in t for t in texts(svg))
    assert 'class="bad"' in svg
    assert "worker A crashed inside activity stage_firmware (attempt 1)" in story(b.facts)


def test_a_result_in_history_counts_even_if_its_row_was_lost_with_the_worker() -> None:
    b = to_gate_1()
    b.attempts[0] = replace(b.attempts[0], finished=None, outcome=None)
    b.lives[0] = replace(b.lives[0], ended=T0 + 3, how="crashed")
    assert "worker A crashed" in story(b.facts)
    assert not any(s.kind == "died" for lane in timeline(b.facts, now=T0 + 5).lanes for s in lane.spans)


def test_a_finished_attempt_that_the_server_never_heard_of_is_told() -> None:
    b = died_in_attempt_1()
    b.attempts[1] = replace(b.attempts[1], finished=T0 + 2.59, outcome="completed")
    assert any(line.endswith("and the server never heard of it") for line in story(b.facts))


def test_a_failed_attempt_waits_for_the_next() -> None:
    b = to_gate_1()
    b.signal(2, 1)
    b.task(2, "A", sticky=True)
    b.activity("stage_firmware", 2.01, 0.4, "A", outcome="failed")
    kinds = [(s.kind, s.label) for lane in timeline(b.facts, now=T0 + 3).lanes for s in lane.spans]
    assert ("failed", "attempt 1 · A") in kinds
    assert ("retry", "waits for attempt 2") in kinds


def test_a_replay_for_a_query_is_told_as_one() -> None:
    b = to_gate_1()
    b.lives[0] = replace(b.lives[0], ended=T0 + 2, how="crashed")
    b.life("B", 2.5)
    b.step("B", 3.5, replaying=True, events=(1, 2, 3))
    b.step("B", 3.51, replaying=True, events=(4, 5))
    b.step("B", 3.52, query=True)
    assert story(b.facts)[-1] == "worker B replayed 2 activations (lines 50–51) for a query"


def test_a_task_that_waits_for_any_worker_is_not_a_sticky_one() -> None:
    b = Builder()
    b.task(0, None, outcome="")
    line = timeline(b.facts, now=T0 + 4)
    [span] = line.lanes[0].spans
    assert (span.kind, span.label, span.end) == ("queued", "no worker", None)
    assert "no worker" in texts(as_svg(line))


def test_a_signal_that_is_no_stage_says_so() -> None:
    b = to_gate_1()
    b.signal(1, "two")
    b.signal(2, name="misspelled")
    assert story(b.facts)[-2:] == (
        "signal advance_stage('two'): its argument is no integer, so the worker drops it",
        "signal misspelled()",
    )


def test_hostile_names_are_escaped_and_the_picture_stays_xml() -> None:
    bad = "<script>alert(1)</script>\"'&\x00\ud800\n]]>"
    b = Builder(bad)
    b.life("A", -0.4)
    b.lives[0] = replace(b.lives[0], name=bad, ended=T0 + 4, how="crashed")
    b.task(0, "A", outcome="FAILED")
    b.events[-1] = replace(b.events[-1], detail={**b.events[-1].detail, "message": bad})
    b.activity(bad, 0.1, 0.5, "A")
    b.signal(1, bad, name=bad)
    for svg in (as_svg(timeline(b.facts, now=T0 + 5)), snapshot_svg(b.facts)):
        root = parsed(svg.encode().decode())
        assert not list(root.iter(f"{SVG}script")) and not list(root.iter("script"))
        assert root.get("role") == "img" and root.get("aria-label")
    assert all("\n" not in line for line in story(b.facts))


def test_a_long_silence_is_cut_short_and_says_how_long_it_was() -> None:
    b = to_gate_1()
    b.signal(3600.5, 1)
    svg = as_svg(timeline(b.facts, now=T0 + 3601))
    assert "59 min 59 s cut" in texts(svg)
    [bar] = [e for e in parsed(svg).iter(f"{SVG}path") if e.get("class") == "live"]
    x0, x1 = (float(re.match(r"M([\d.]+) [\d.]+H([\d.]+)", bar.get("d", "")).group(i)) for i in (1, 2))  # type: ignore[union-attr]
    assert x1 - x0 > 100, "half a second of work is still wide beside an hour of silence"


def test_a_short_run_is_not_cut() -> None:
    assert 'class="cut"' not in as_svg(timeline(to_gate_1().facts, now=T0 + 2.5))


@pytest.mark.parametrize("count", [0, 1, 40, 700])
def test_a_long_run_stays_small_and_says_what_is_left_out(count: int) -> None:
    b = to_gate_1()
    for i in range(count):
        b.signal(1 + i * 0.5, i)
        b.task(1 + i * 0.5, "A", sticky=True)
        b.activity(f"step_{i}", 1.01 + i * 0.5, 0.2, "A")
    for svg in (as_svg(timeline(b.facts, now=T0 + 400)), snapshot_svg(b.facts)):
        assert len(svg.encode()) < 60_000
        assert any("left out" in t for t in texts(svg)) == (count >= 40)
    assert len(timeline(b.facts, now=T0 + 400).text().splitlines()) < 210


@pytest.mark.parametrize("facts", [Facts("id", "run"), Builder().facts])
def test_a_run_of_which_little_is_known_can_be_drawn(facts: Facts) -> None:
    parsed(as_svg(timeline(facts, now=T0)))
    parsed(snapshot_svg(facts))
    assert len(story(facts)) == len(facts.run.events)


def test_clocks_that_contradict_each_other_do_not_stop_it() -> None:
    b = crashed_while_parked()
    b.lives = [replace(x, started=x.started + 500, ended=x.ended and x.ended - 500) for x in b.lives]
    assert "worker B started" in story(b.facts)
    parsed(as_svg(timeline(b.facts, now=T0 + 20)))


def test_the_text_twin_has_every_moment_in_order_with_its_time() -> None:
    lines = timeline(crashed_while_parked().facts, now=T0 + 20).text().splitlines()
    assert lines[0] == (
        "StagedWorkflow running, parked at gate 2: 2 activities completed, 1 signal, worker A crashed, worker B alive"
    )
    assert "+0.5 s  activity reserve_devices completed (attempt 1, worker A)" in lines
    assert "+1.5 s  worker A crashed (pid 4101)" in lines
    times = [float(line.split(" s ")[0]) for line in lines if line[0] in "+-"]
    assert times == sorted(times) and len(times) > 10


def test_text_is_at_least_11_px_and_the_snapshot_carries_its_own_colours() -> None:
    live, still = as_svg(timeline(died_in_attempt_1().facts, now=T0 + 9)), snapshot_svg(died_in_attempt_1().facts)
    assert "var(--jp-ui-font-color1,#222)" in live
    assert "var(" not in still
    for svg in (live, still):
        assert set(re.findall(r"font:(\d+)px", svg)) == {"11"} and "font-size" not in svg
    root = parsed(still)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_labels_of_one_row_do_not_overlap() -> None:
    svg = as_svg(timeline(crashed_while_parked().facts, now=T0 + 20))
    rows: dict[str, list[tuple[float, float]]] = {}
    for t in parsed(svg).iter(f"{SVG}text"):
        wide, x = len(t.text or "") * 6.0, float(t.get("x", 0))
        left = x - {"middle": wide / 2, "end": wide}.get(t.get("text-anchor", ""), 0)
        if left > 150:
            rows.setdefault(t.get("y", ""), []).append((left, left + wide))
    assert rows
    for spans in rows.values():
        spans.sort()
        assert all(a[1] <= b[0] + 0.5 for a, b in pairwise(spans))


def test_a_worker_of_one_name_that_comes_back_has_a_lane_of_its_own() -> None:
    b = to_gate_1()
    b.lives[0] = replace(b.lives[0], ended=T0 + 1, how="crashed")
    b.life("A", 2, pid=4999)
    assert story(b.facts)[-2:] == ("worker A crashed", "worker A started again")
    assert [x.title for x in timeline(b.facts, now=T0 + 3).lanes if x.group == "workers"] == ["A", "A (2)"]


def test_an_activity_that_no_worker_has_taken_yet_can_be_told() -> None:
    begun = Event(1, "WORKFLOW_EXECUTION_STARTED", 900.0, {"workflow_type": "Any"})
    asked = {"activity_type": "pack", "activity_id": "1", "start_to_close": 9.0}
    facts = Facts("w", "r", Run((begun, Event(2, "ACTIVITY_TASK_SCHEDULED", 901.0, asked))))
    assert story(facts) == ("workflow Any started",)
    assert "now: pack: no worker, queued" in timeline(facts, now=905.0).lines
