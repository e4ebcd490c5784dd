"""Recording beside the bare Replayer, from a course's run up to a history at Temporal's limit; and the page's size."""

import resource
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from stagedflow import ReplayViewer, StagedWorkflow, record_replay
from stagedflow.replay.saved import guarded_replay
from tests.benchmarks.long_history import LIMIT, LongHaul, long_history

HISTORY = Path(__file__).parents[1] / "fixtures" / "completed.json"
GOAL = 1.3
RECORDER = 1.15
"""Where `sys.monitoring` records, from Python 3.12 on; the trace hook of 3.11 costs more."""
BYTES_A_STEP = 400
MEGABYTES = 1024


async def seconds_bare(workflow: type, history: WorkflowHistory) -> float:
    """Temporal's own Replayer, and nothing else."""
    began = time.perf_counter()
    await Replayer(workflows=[workflow]).replay_workflow(history)
    return time.perf_counter() - began


async def seconds_recorded(workflow: type, history: WorkflowHistory) -> float:
    """`record_replay`: the same Replayer with the recorder, the matching with history's events included."""
    began = time.perf_counter()
    trace = await record_replay(history, workflows=[workflow])
    assert trace.failure is None, trace.failure
    return time.perf_counter() - began


async def seconds_recorder(workflow: type, history: WorkflowHistory) -> float:
    """The Replayer with the recorder in it, and nothing made of what it recorded."""
    began = time.perf_counter()
    replayed = await guarded_replay.replay(history, workflows=[workflow])
    assert replayed.error is None, replayed.error
    return time.perf_counter() - began


async def ratio(name: str, workflow: type, history: WorkflowHistory, *, times: int) -> None:
    """Medians of runs that alternate."""
    taken: dict[str, list[float]] = {"bare": [], "recorder": [], "record_replay": []}
    for _ in range(times):
        taken["bare"].append(await seconds_bare(workflow, history))
        taken["recorder"].append(await seconds_recorder(workflow, history))
        taken["record_replay"].append(await seconds_recorded(workflow, history))
    bare, recorder, whole = (statistics.median(each) for each in taken.values())
    print(
        f"{name}: replay {bare * 1000:.0f} ms; with the recorder {recorder / bare:.2f} (goal: at most {RECORDER}); "
        f"record_replay, trace and matching included, {whole / bare:.2f} (goal at the limit: at most {GOAL})",
        flush=True,
    )


async def page_size() -> None:
    """Bytes of a saved page for each step beyond those of its first: the same source is in both."""
    sizes = {}
    with TemporaryDirectory() as folder:
        for events in (1_500, 15_000):
            trace = await record_replay(long_history(events), workflows=[LongHaul])
            page = ReplayViewer(trace).save_html(Path(folder, "page.html"))
            sizes[len(trace.steps)] = page.stat().st_size
    (few, small), (many, large) = sorted(sizes.items())
    print(f"saved page: {(large - small) / (many - few):.0f} bytes a step    (goal: at most {BYTES_A_STEP})")


async def measure() -> None:
    """Measure and print."""
    short = WorkflowHistory.from_json("benchmark", HISTORY.read_text())
    await ratio("a course's run, 41 events", StagedWorkflow, short, times=21)
    await ratio("5,000 events", LongHaul, long_history(5_000), times=5)
    await ratio(f"{LIMIT:,} events", LongHaul, long_history(), times=1)
    await page_size()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"memory of this process at its peak: {peak} MB    (goal: under {MEGABYTES} MB)")
