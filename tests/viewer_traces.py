"""Traces made by hand for the viewer's tests: a crash and its recovery, a long history, and hostile texts."""

from dataclasses import replace

from stagedflow.replay.trace import (
    Command,
    Failure,
    Job,
    ReplayStep,
    ReplayTrace,
    SideEffect,
    TraceEvent,
    Waiting,
    WorkerLife,
)

FILE = "/course/rollout.py"
SOURCE = '''"""A rollout of firmware."""

from temporalio import workflow


@workflow.defn
class Rollout:
    def __init__(self) -> None:
        self.stage = 0
        self.log = []

    @workflow.run
    async def run(self) -> str:
        await workflow.execute_activity("reserve")
        # Gate 1
        await workflow.wait_condition(lambda: self.stage > 0)
        await workflow.execute_activity("flash")
        return "done"

    @workflow.signal
    def advance(self, stage: int) -> None:
        self.stage = max(self.stage, stage)
'''
INIT, LOG, RESERVE, GATE, FLASH, DONE, ADVANCE = 9, 10, 14, 16, 17, 18, 22
START = 1_700_000_000.0
HOSTILE = (
    "<script>window.hacked = 1</script>",
    '<img src=x onerror="window.hacked = 1">',
    "</script><script>window.hacked = 1</script>",
    "\"'><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "line\u2028separator\u2029end",
    "bell\x07 nul\x00 escape\x1b[31m",
    "right\u202eto left\u2066\u2069",
    "lone \udc80 surrogate",
    "<!-- <script> -->",
    "long " + "x" * 5_000,
)


def event(number: int, kind: str, text: str = "") -> TraceEvent:
    return TraceEvent(number, kind, START + number / 10, text)


EVENTS = (
    event(1, "WORKFLOW_EXECUTION_STARTED", "Rollout"),
    event(2, "WORKFLOW_TASK_SCHEDULED"),
    event(3, "WORKFLOW_TASK_STARTED", "A@11"),
    event(4, "WORKFLOW_TASK_COMPLETED"),
    event(5, "ACTIVITY_TASK_SCHEDULED", "reserve"),
    event(6, "ACTIVITY_TASK_STARTED"),
    event(7, "ACTIVITY_TASK_COMPLETED", '"reserved"'),
    event(8, "WORKFLOW_TASK_SCHEDULED"),
    event(9, "WORKFLOW_TASK_STARTED", "A@11"),
    event(10, "WORKFLOW_TASK_COMPLETED"),
    event(11, "WORKFLOW_EXECUTION_SIGNALED", "advance(1)"),
    event(12, "WORKFLOW_TASK_SCHEDULED"),
    event(13, "WORKFLOW_TASK_STARTED", "B@22"),
    event(14, "WORKFLOW_TASK_COMPLETED"),
    event(15, "ACTIVITY_TASK_SCHEDULED", "flash"),
    event(16, "ACTIVITY_TASK_STARTED"),
    event(17, "ACTIVITY_TASK_COMPLETED", '"flashed"'),
    event(18, "WORKFLOW_TASK_SCHEDULED"),
    event(19, "WORKFLOW_TASK_STARTED", "B@22"),
    event(20, "WORKFLOW_TASK_COMPLETED"),
    event(21, "WORKFLOW_EXECUTION_COMPLETED", '"done"'),
)
STEPS = (
    ReplayStep(
        0,
        True,
        (1, 2, 3),
        (Job("initialize_workflow", "start Rollout", 1),),
        ((FILE, INIT), (FILE, LOG), (FILE, RESERVE)),
        (Waiting("activity", "activity reserve", RESERVE, "run", FILE),),
        (Command("schedule_activity", "schedule activity reserve", RESERVE, 5, "1", FILE),),
        {"log": "[]", "stage": "0"},
        side_effects=(SideEffect("uuid4", "workflow.uuid4() = UUID('1234')", LOG, FILE),),
    ),
    ReplayStep(
        1,
        True,
        tuple(range(4, 10)),
        (Job("resolve_activity", "activity reserve completed", 7),),
        ((FILE, RESERVE), (FILE, GATE)),
        (Waiting("condition", "gate 1: wait_condition at rollout.py:16", GATE, "run", FILE),),
        (),
        {"log": "[]", "stage": "0"},
    ),
    ReplayStep(
        2,
        True,
        tuple(range(10, 14)),
        (Job("signal_workflow", "signal advance(1)", 11),),
        ((FILE, ADVANCE), (FILE, GATE), (FILE, FLASH)),
        (Waiting("activity", "activity flash", FLASH, "run", FILE),),
        (Command("schedule_activity", "schedule activity flash", FLASH, 15, "2", FILE),),
        {"log": "[]", "stage": "1"},
    ),
    ReplayStep(
        3,
        True,
        tuple(range(14, 20)),
        (Job("resolve_activity", "activity flash completed", 17),),
        ((FILE, FLASH), (FILE, DONE)),
        (),
        (Command("complete_workflow_execution", "complete the workflow", DONE, 21, "", FILE),),
        {"log": "[]", "stage": "1"},
    ),
)


def replayed(*steps: ReplayStep, **rest: object) -> ReplayTrace:
    """A replay of a saved history: four steps, all of them from history."""
    known = {"workflow_type": "Rollout", "file": FILE, "events": EVENTS, "sources": {FILE: SOURCE}}
    return ReplayTrace.of(steps or STEPS, **{**known, **rest})


def recovered() -> ReplayTrace:
    """What two workers left: A did two steps and crashed, B replayed them, was queried, and went on to the end."""
    mine = [replace(step, worker=11, is_replaying=False, at=START + n) for n, step in enumerate(STEPS[:2])]
    again = [replace(step, worker=22, at=START + 10 + n) for n, step in enumerate(STEPS[:2])]
    query = ReplayStep(
        0,
        False,
        jobs=(Job("query_workflow", "query stage"),),
        state=STEPS[1].state,
        worker=22,
        query=True,
        at=START + 12,
    )
    live = [replace(step, worker=22, is_replaying=False, at=START + 13 + n) for n, step in enumerate(STEPS[2:])]
    lives = (WorkerLife("A", 11, START, START + 5, "crashed", True), WorkerLife("B", 22, START + 8, None, None, True))
    return replayed(*mine, *again, query, *live, lives=lives)


def evicted() -> ReplayTrace:
    """What one worker left whose cache evicted the workflow: it did three steps, replayed them, and went on."""
    did = [replace(step, worker=11, is_replaying=False, at=START + n) for n, step in enumerate(STEPS[:3])]
    again = [replace(step, worker=11, at=START + 10 + n) for n, step in enumerate(STEPS[:3])]
    last = replace(STEPS[3], worker=11, is_replaying=False, at=START + 13)
    return replayed(*did, *again, last, lives=(WorkerLife("A", 11, START, None, None, True),))


def cut() -> ReplayTrace:
    """A replay whose second step ran more lines than were kept: two of its first."""
    return replayed(STEPS[0], replace(STEPS[1], cut=True), *STEPS[2:])


def parted() -> ReplayTrace:
    """A replay against code that sleeps where history flashed."""
    source = SOURCE.replace('await workflow.execute_activity("flash")', "await workflow.sleep(60)")
    timer = Command("start_timer", "start timer 1 min", FLASH, None, "1", FILE)
    last = replace(STEPS[2], commands=(timer,), waiting=(Waiting("timer", "timer 1 min", FLASH, "run", FILE),))
    failure = Failure(
        "nondeterminism",
        "At event 15 history has the activity flash, but this code started a timer instead.",
        2,
        EVENTS[14],
        timer,
        "[TMPRL1100] Nondeterminism error",
    )
    return replayed(*STEPS[:2], last, failure=failure, sources={FILE: source})


def hostile() -> ReplayTrace:
    """Every text of a trace is an attack, or what a terminal or a page would choke on."""
    steps = [
        ReplayStep(
            0,
            True,
            (n + 1,),
            (Job("signal_workflow", text, n + 1),),
            ((FILE, 1 + n % 3), (f"/course/{text}.py", 1)),
            (Waiting("other", text, 1, text, FILE),),
            (Command("schedule_activity", text, 1, None, "", FILE),),
            {text: text, "stage": text},
            {text: text},
            failure=text if n == 3 else None,
        )
        for n, text in enumerate(HOSTILE)
    ]
    events = tuple(TraceEvent(n + 1, text, START + n, text) for n, text in enumerate(HOSTILE))
    failure = Failure(
        "nondeterminism", HOSTILE[0], 2, events[0], Command("x", HOSTILE[1], 1, None, "", FILE), HOSTILE[2]
    )
    sources = {FILE: "\n".join(HOSTILE), **{f"/course/{text}.py": text for text in HOSTILE}}
    lives = tuple(WorkerLife(text, n + 1, START, None, "crashed", True) for n, text in enumerate(HOSTILE[:3]))
    return ReplayTrace.of(
        [replace(step, worker=1 + n % 3) for n, step in enumerate(steps)],
        workflow_type=HOSTILE[0],
        file=FILE,
        events=events,
        sources=sources,
        notes=HOSTILE,
        failure=failure,
        lives=lives,
    )


def long(turns: int = 5_000) -> ReplayTrace:
    """A loop of an activity and a signal: two steps and ten events a turn. 5,120 turns make 51,200 events."""
    steps, events = [], []
    body = ((FILE, RESERVE), (FILE, INIT), (FILE, LOG), (FILE, GATE), (FILE, FLASH), (FILE, DONE))
    for turn in range(turns):
        for kind, words, sent in (
            ("resolve_activity", "activity reserve completed", "ACTIVITY_TASK_COMPLETED"),
            ("signal_workflow", f"signal advance({turn})", "WORKFLOW_EXECUTION_SIGNALED"),
        ):
            first = len(events) + 1
            events += [
                event(first, "WORKFLOW_TASK_COMPLETED", "A@11"),
                event(first + 1, "ACTIVITY_TASK_SCHEDULED", f"reserve({turn})"),
                event(first + 2, sent, f"advance({turn})"),
                event(first + 3, "WORKFLOW_TASK_SCHEDULED", "on a sticky queue"),
                event(first + 4, "WORKFLOW_TASK_STARTED", "A@11"),
            ]
            steps.append(
                ReplayStep(
                    0,
                    len(steps) < 2 * turns - 10,
                    tuple(range(first, first + 5)),
                    (Job(kind, words, first + 2),),
                    body,
                    (Waiting("activity", "activity reserve", RESERVE, "run", FILE),),
                    (Command("schedule_activity", "schedule activity reserve", RESERVE, first + 6, str(turn), FILE),),
                    {"log": f"[{turn}, {turn + 1}, {turn + 2}]", "stage": str(turn)},
                    {"turn": str(turn)},
                )
            )
    return replayed(*steps, events=tuple(events))
