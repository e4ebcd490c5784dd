"""The trace as data: numbering, what changed, JSON there and back."""

import json

from stagedflow.replay.trace import Command, Failure, Job, ReplayStep, ReplayTrace, TraceEvent, Waiting, WorkerLife


def full_step(worker: int | None = 7, **changes: object) -> ReplayStep:
    values: dict[str, object] = {
        "index": 0,
        "is_replaying": True,
        "event_ids": (1, 2, 3),
        "jobs": (Job("initialize_workflow", "start StagedWorkflow", 1),),
        "lines": (("staged.py", 55), ("staged.py", 59)),
        "waiting": (Waiting("activity", "activity reserve_devices", 59),),
        "commands": (Command("schedule_activity", "schedule activity reserve_devices", 59),),
        "state": {"stage": "0"},
        "locals": {"rollout": "Rollout()"},
        "worker": worker,
        "at": 12.5,
        "failure": "it failed",
    }
    return ReplayStep(**values | changes)  # type: ignore[arg-type]


def test_a_trace_is_the_same_after_json() -> None:
    event = TraceEvent(5, "TIMER_STARTED", 3.5, "1 s")
    trace = ReplayTrace.of(
        [full_step(), full_step(8, query=True)],
        workflow_type="StagedWorkflow",
        file="staged.py",
        failure=Failure(
            "nondeterminism", "they parted", 1, event, Command("start_timer", "start timer", 3), "TMPRL1100"
        ),
        events=(event,),
        lives=(WorkerLife("A", 7, 1.0, 2.0, "crashed", True),),
        sources={"staged.py": "pass"},
        notes=("a note",),
    )
    assert ReplayTrace.from_json(trace.to_json()) == trace


def test_a_name_that_a_later_version_adds_is_ignored() -> None:
    data = json.loads(ReplayTrace((full_step(),)).to_json())
    data["steps"][0]["colour"] = "blue"
    assert ReplayTrace.from_json(json.dumps(data)).steps == (full_step(),)


def test_steps_are_numbered_and_say_what_changed_since_the_same_worker() -> None:
    later = (Job("signal_workflow", "signal advance_stage(1)", 11),)
    steps = [
        full_step(1),
        full_step(1, jobs=later),
        full_step(1, jobs=later, state={"stage": "1", "log": "[]"}),
        full_step(1, jobs=later, state={"stage": "1"}),
        full_step(2, state={"stage": "1"}),
        full_step(2, jobs=later, state={"stage": "1"}),
    ]
    trace = ReplayTrace.of(steps, workflow_type="W", file="")
    assert [s.index for s in trace.steps] == [0, 1, 2, 3, 4, 5]
    assert [s.changed for s in trace.steps] == [("stage",), (), ("log", "stage"), ("log",), ("stage",), ()]
    assert trace.workers == (1, 2)
    assert trace.by(2) == trace.steps[4:]


def test_a_workflow_that_a_worker_builds_anew_has_no_step_before() -> None:
    later = (Job("signal_workflow", "signal advance_stage(1)", 11),)
    steps = [full_step(1), full_step(1, jobs=later, state={"stage": "1"}), full_step(1), full_step(1, jobs=later)]
    trace = ReplayTrace.of(steps, workflow_type="W", file="")
    assert [s.changed for s in trace.steps] == [("stage",), ("stage",), ("stage",), ()]


def test_only_a_step_that_neither_replays_nor_answers_a_query_is_live() -> None:
    assert full_step(is_replaying=False).is_live
    assert not full_step(is_replaying=False, query=True).is_live
    assert not full_step().is_live


def test_its_repr_is_short_and_the_same_every_time() -> None:
    trace = ReplayTrace.of([full_step(), full_step(is_replaying=False)], workflow_type="W", file="")
    assert repr(trace) == "ReplayTrace(W: 2 activations, 1 executed now)"
