"""The timeline of a real run: the same story told twice is the same picture, byte for byte."""

import time
import xml.etree.ElementTree as ET
from uuid import uuid4

from temporalio.common import WorkflowIDConflictPolicy

from stagedflow.lab.facts import Facts
from stagedflow.lab.lab import Lab
from stagedflow.lab.moments import Moment
from stagedflow.lab.until import wait_until
from stagedflow.staged import Rollout, StagedWorkflow
from stagedflow.widgets.timeline.svg import as_svg
from stagedflow.widgets.timeline.timeline import snapshot_svg, story, timeline

STORY = (
    "worker A started",
    "workflow StagedWorkflow started",
    "activity reserve_devices started (attempt 1, worker A)",
    "activity reserve_devices completed (attempt 1, worker A)",
    "parked at gate 1",
    "worker A crashed",
    "signal advance_stage(1)",
    "worker B started",
    "workflow task waited on dead worker A's sticky queue (timed out)",
)
HANDED_OVER = "workflow task of dead worker A timed out"
"""In place of the last one: the server hands the task to the poll of a worker of whose death it has not heard yet."""
ORDERED = 5
"""Up to here each moment brings the next. The kernel tells of the crash and the server of the signal after it, each by
its own record, and nothing orders the two; a slow machine may start worker B after the queue's timeout."""


def promised(told: tuple[str, ...]) -> list[str]:
    """A story in any order, with one word for either way in which the dead worker's task is lost."""
    return sorted(STORY[-1] if moment == HANDED_OVER else moment for moment in told)


async def crash_while_parked(lab: Lab, workflow_id: str) -> Facts:
    """Park at gate 1, crash, signal, start B, and wait for gate 2; then everything ends."""
    await lab.start_worker(name="A")
    handle = await lab.client.start_workflow(
        StagedWorkflow.run,
        Rollout(work_seconds=0.3),
        id=workflow_id,
        task_queue=lab.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )
    await lab.until(handle, gate=1)
    await lab.workers["A"].crash()
    await handle.signal(StagedWorkflow.advance_stage, 1)
    await lab.start_worker(name="B")
    await lab.until(handle, gate=2)
    seen: list[Facts] = []

    def recorded(facts: Facts) -> bool:
        """The ledger's writers are a moment behind: B's last activation is the one that parks at gate 2."""
        seen.append(facts)
        live = [s for s in facts.trace.steps if s.is_live and s.worker == lab.workers["B"].pid]
        return facts.run.gate == 2 and len(live) >= 2

    await wait_until(lab.fact_sources, handle, Moment("the record of gate 2", recorded), 60)
    await handle.terminate()
    await lab.workers["B"].crash()
    return seen[-1]


async def test_the_same_story_is_told_and_drawn_byte_for_byte_the_same() -> None:
    workflow_id = f"timeline-{uuid4()}"
    async with await Lab.start() as lab:
        first = await crash_while_parked(lab, workflow_id)
        second = await crash_while_parked(lab, workflow_id)
    told = story(first)
    assert told[:ORDERED] == STORY[:ORDERED]
    assert sorted(told[ORDERED : ORDERED + 2]) == sorted(STORY[ORDERED : ORDERED + 2])
    assert set(promised(told)) >= set(STORY)
    [went_live] = [moment for moment in told if moment.startswith("worker B replayed 2 activations (lines ")]
    assert went_live.endswith(" and went live")
    assert told[-1] == "parked at gate 2"
    assert promised(story(second)) == promised(told)
    assert (snapshot_svg(second) == snapshot_svg(first)) == (story(second) == told)
    assert {a.pid for a in first.attempts}.isdisjoint(a.pid for a in second.attempts)
    for facts in (first, second):
        live = timeline(facts, now=time.time())
        ET.fromstring(as_svg(live))
        assert f"pid {facts.lives[-1].pid}" in as_svg(live)
        assert "worker B replayed 2 activations" in live.text()
