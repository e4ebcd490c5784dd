"""The panel's parts are pure: facts in, HTML out. Nothing hostile gets through, and every refusal has its reason."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from stagedflow.history.runs import Event, Run
from stagedflow.history.waiting import PendingActivity
from stagedflow.lab.facts import Facts
from stagedflow.ledger.reader import ActivityCount
from stagedflow.replay.recovery import recovery, source_with_marks
from stagedflow.replay.trace import Command, Job, ReplayStep, ReplayTrace, Waiting, WorkerLife
from stagedflow.widgets.panel import parts
from stagedflow.widgets.panel.actions import actions, clock, offer
from stagedflow.widgets.panel.verdict import verdict

NOW = 1_000.0
HOSTILE = "<script>alert('x')</script>\"&"
A = WorkerLife("A", 11, 900.0, 950.0, "crashed", True)
B = WorkerLife("B", 22, 960.0, None, None, True)
FILE = str(Path(__file__).parents[2] / "stagedflow/staged.py")


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(Path(FILE).read_text().splitlines(), 1) if text in line)


INIT, FIRST, HANDLER = line_of("self.stage = 0"), line_of("(reserve_devices"), line_of("self.stage = max")


def step(
    worker: int, *lines: int, replaying: bool = False, query: bool = False, jobs: tuple[str, ...] = ()
) -> ReplayStep:
    return ReplayStep(0, replaying, jobs=jobs, lines=tuple((FILE, n) for n in lines), worker=worker, query=query)


def trace(*steps: ReplayStep, file: str = FILE) -> ReplayTrace:
    sources = {FILE: Path(FILE).read_text()}
    return ReplayTrace.of(steps, workflow_type="StagedWorkflow", file=file, sources=sources)


DEAD = step(11, INIT, FIRST, jobs=(Job("x", "start StagedWorkflow"),))
AGAIN = step(22, INIT, FIRST, replaying=True, jobs=(Job("x", "start StagedWorkflow"),))
LIVE = step(22, HANDLER, jobs=(Job("x", "signal advance_stage"),))


def started(workflow_type: str = "StagedWorkflow") -> Event:
    return Event(1, "WORKFLOW_EXECUTION_STARTED", 900.0, {"workflow_type": workflow_type})


def attempt_of_dead_worker(start_to_close: float) -> Facts:
    scheduled = Event(
        2,
        "ACTIVITY_TASK_SCHEDULED",
        900.0,
        {"activity_type": "flash_firmware", "activity_id": "1", "start_to_close": 900.0},
    )
    pending = PendingActivity("1", "flash_firmware", "started", 1, NOW - 5, start_to_close, "A@11")
    return Facts("w", "r", Run((started(), scheduled)), (pending,), lives=(A, B))


def test_a_recovery_says_who_ran_what_again_and_where_it_went_live() -> None:
    found = recovery(trace(DEAD, AGAIN, LIVE), (A, B))
    assert found
    assert found.lines_again == (INIT, FIRST)
    assert found.went_live_at == HANDLER
    words = found.words()
    assert f"Worker B (pid 22) ran lines {INIT}, {FIRST} again" in words
    assert "worker A (pid 11) had run them before it crashed" in words
    assert f"Worker B went live at line {HANDLER}, on signal advance_stage." in words


def test_a_replay_by_query_has_not_gone_live() -> None:
    found = recovery(trace(DEAD, AGAIN, step(22, HANDLER, query=True, replaying=True)), (A, B))
    assert found and found.live is None
    assert "has not gone live yet" in found.words()


def test_a_living_worker_that_replays_after_an_eviction_is_no_recovery_by_another() -> None:
    assert recovery(trace(DEAD, step(11, INIT, replaying=True)), (A,)) is None


def test_what_a_crashed_worker_had_not_written_is_said_to_be_lost() -> None:
    told = verdict(replace(trace(DEAD, AGAIN, LIVE), lives=(A, B)), (A, B))
    assert "Worker A (pid 11) crashed. Steps that it had not written yet are lost with it" in told
    assert "Worker B (pid 22) crashed" not in told


def test_the_text_twin_has_the_same_marks() -> None:
    text = source_with_marks(trace(DEAD, AGAIN, LIVE), (A, B))
    assert re.search(rf"^●1\s+↻1\s+{INIT} ", text, re.M)
    assert re.search(rf"^\s+●3\s+{HANDLER} .*<- worker B went live here", text, re.M)


@pytest.mark.parametrize(
    ("steps", "lives", "words"),
    [
        ((), (), "No worker has run this workflow yet"),
        ((DEAD,), (A, B), "Worker B (pid 22) is up and has nothing to do"),
        ((DEAD,), (A,), "No worker is alive"),
        ((), (A, replace(B, records=False)), "Not recorded: worker B (pid 22)"),
        ((DEAD,), (replace(A, ended=None, how=None),), "Nothing has been replayed yet"),
    ],
)
def test_the_verdict_says_why_there_is_nothing_to_see(
    steps: tuple[ReplayStep, ...], lives: tuple[WorkerLife, ...], words: str
) -> None:
    assert words in verdict(trace(*steps), lives)


def test_a_run_that_has_ended_without_a_replay_asks_for_no_crash() -> None:
    told = verdict(trace(DEAD), (replace(A, ended=None, how=None),), at_gate=None)
    assert "Nothing was replayed: one worker has done it all." in told
    assert "Crash it" not in told


def test_nothing_hostile_reaches_the_page() -> None:
    wait = Waiting("activity", HOSTILE, FIRST)
    bad = replace(DEAD, jobs=(Job("x", HOSTILE),), commands=(Command("x", HOSTILE),), waiting=(wait,))
    life = replace(A, name=HOSTILE)
    signal = Event(2, "WORKFLOW_EXECUTION_SIGNALED", 900.0, {"name": HOSTILE, "args": (HOSTILE,)})
    ended = Event(3, "WORKFLOW_EXECUTION_FAILED", 901.0, {"message": HOSTILE})
    facts = Facts(
        HOSTILE, "r", Run((started(HOSTILE), signal, ended)), lives=(life,), counts={HOSTILE: ActivityCount(1, 0)}
    )
    html = "".join(
        [
            verdict(trace(bad), (life,)),
            verdict(trace(bad, file=HOSTILE), (life,)),
            parts.heading(facts, "http://127.0.0.1:1"),
            parts.stage_track(facts),
            parts.waiting_now(facts, NOW),
            parts.workers((life,)),
            parts.ledger(facts),
            parts.notice(HOSTILE, trouble=True),
            parts.refusals(actions(facts, None, HOSTILE)),
        ]
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_operators_shortcut_is_offered_only_for_a_long_wait_on_a_dead_worker() -> None:
    assert "14 min 55 s is long" in offer(attempt_of_dead_worker(900), NOW)
    assert offer(attempt_of_dead_worker(30), NOW) == ""
    assert actions(attempt_of_dead_worker(30), None, "C")["shorten"].refusal == ""
    alive = replace(attempt_of_dead_worker(900), lives=(replace(A, ended=None, how=None),))
    assert offer(alive, NOW) == ""
    assert "is alive" in actions(alive, None, "C")["shorten"].refusal
    assert "short already" in actions(attempt_of_dead_worker(2), None, "C")["shorten"].refusal


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (61, "1 min 01 s"), (7199, "1 h 59 min")])
def test_a_countdown_reads_like_a_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_the_track_names_all_four_activities_before_any_has_run() -> None:
    track = parts.stage_track(Facts("w", "r", Run((started(),))))
    names = re.findall(r"○ (\w+)", track)
    assert names == ["reserve_devices", "stage_firmware", "flash_firmware", "soak_test"]
