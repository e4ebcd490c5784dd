"""Recording beside the bare Replayer, from a course's run up to a history at Temporal's limit; and the page's size."""

import resource
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from stagedflow import ReplayViewer, StagedWorkflow, record_replay
from tests.benchmarks.long_history import LIMIT, LongHaul, long_history

HISTORY = Path(__file__).parents[1] / "fixtures" / "completed.json"
GOAL = 1.3
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


async def ratio(name: str, workflow: type, history: WorkflowHistory, *, times: int) -> None:
    """Medians of runs that alternate."""
    bare, recorded = [], []
    for _ in range(times):
        bare.append(await seconds_bare(workflow, history))
        recorded.append(await seconds_recorded(workflow, history))
    one, other = statistics.median(bare), statistics.median(recorded)
    print(
        f"{name}: replay {one * 1000:.0f} ms, record_replay {other * 1000:.0f} ms, "
        f"ratio {other / one:.2f}    (goal at the limit: at most {GOAL})",
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
