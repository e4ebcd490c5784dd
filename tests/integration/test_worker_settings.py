"""A worker by the names of what it serves, with folders of its own, within limits."""

import asyncio
import resource
import sys
from pathlib import Path

import pytest
from temporalio.client import WorkflowHandle

from stagedflow import Lab, StagedWorkflow
from stagedflow.errors import LabError
from stagedflow.lab.limits import MEMORY_BYTES, OUTPUT_BYTES
from stagedflow.staged import ACTIVITIES
from tests.integration.story import finish, parked, start, watching

DEADLINE = 120
MODULE = """
from datetime import timedelta
import resource
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

class Uses:
    @staticmethod
    @activity.defn
    async def limits() -> list[int]:
        bounded = resource.RLIMIT_FSIZE, resource.RLIMIT_AS, resource.RLIMIT_CORE
        return [resource.getrlimit(what)[0] for what in bounded]

def shout() -> None:
    for _ in range(200):
        print("x" * 2**20, flush=True)

@activity.defn
async def flood() -> None:
    shout()

@activity.defn
async def hog() -> None:
    bytearray(64 * 2**30)

@workflow.defn
class One:
    @workflow.run
    async def run(self, name: str) -> list[int] | None:
        return await workflow.execute_activity(
            name, start_to_close_timeout=timedelta(seconds=20), retry_policy=RetryPolicy(maximum_attempts=1))

@workflow.defn
class Loud:
    @workflow.run
    async def run(self) -> None:
        shout()
"""
NAMES = {
    "workflows": ["uses:One", "uses:Loud"],
    "activities": ["uses:Uses.limits", "uses:flood", "uses:hog"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "uses.py").write_text(MODULE)
    return tmp_path


async def run(lab: Lab, activity: str) -> str | list[int] | None:
    """What one activity gave, or what its error says."""
    handle: WorkflowHandle[object, list[int] | None] = await lab.client.start_workflow(
        "One", activity, id=activity, task_queue=lab.task_queue
    )
    try:
        return await asyncio.wait_for(handle.result(), DEADLINE)
    except Exception as error:
        cause = getattr(getattr(error, "cause", None), "cause", None)
        return str(cause)


async def test_names_serve_as_well_as_classes(lab: Lab) -> None:
    by_class = await lab.start_worker("A")
    by_name = await lab.start_worker(
        "B",
        workflows=["stagedflow.staged:StagedWorkflow"],
        activities=[f"stagedflow.staged:{a.__name__}" for a in ACTIVITIES],
    )
    assert by_name.spec == by_class.spec
    await by_class.stop()
    await finish(lab, await start(lab))


async def test_the_kernel_does_not_import_what_a_name_stands_for(lab: Lab, folder: Path) -> None:
    worker = await lab.start_worker(**NAMES, python_path=[folder])  # type: ignore[arg-type]
    assert "uses" not in sys.modules
    assert worker.spec.python_path == (str(folder),)
    assert str(folder) not in sys.path


async def test_its_folders_come_first(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(("kernels", "own")):
        (tmp_path / name).mkdir()
        text = f"from temporalio import activity\n@activity.defn\nasync def limits() -> list[int]: return [{number}]\n"
        (tmp_path / name / "which.py").write_text(text)
    (tmp_path / "own" / "uses.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path / "kernels"))
    await lab.start_worker(workflows=["uses:One"], activities=["which:limits"], python_path=[str(tmp_path / "own")])
    assert await run(lab, "limits") == [1]


async def test_a_name_that_names_nothing(lab: Lab) -> None:
    unnamed: list[tuple[object, str]] = [
        (["StagedWorkflow"], "'StagedWorkflow' names no workflow or activity. It is written 'module:Name'"),
        (["stagedflow.staged:"], "names no workflow"),
        ([":StagedWorkflow"], "names no workflow"),
        (["a b:C"], "names no workflow"),
        (["a:b:C"], "names no workflow"),
        ([""], "names no workflow"),
        (["__main__:Mine"], "Mine lives in the notebook"),
        ("stagedflow.staged:StagedWorkflow", r"come in a list: \['stagedflow"),
    ]
    for given, words in unnamed:
        with pytest.raises(LabError, match=words):
            await lab.start_worker(workflows=given)  # type: ignore[arg-type]
        assert not lab.workers
    await lab.start_worker("A")


async def test_a_name_that_the_worker_does_not_find(lab: Lab) -> None:
    for given, words in (
        ("no_such_module:Mine", "could not start: ModuleNotFoundError: No module named 'no_such_module'"),
        ("stagedflow.staged:Nothing", "could not start: AttributeError: .*'Nothing'"),
    ):
        with pytest.raises(LabError, match=words):
            await lab.start_worker("A", workflows=[given])
    await lab.start_worker("A")


async def test_a_folder_that_is_none(lab: Lab) -> None:
    nowhere: list[tuple[object, str]] = [
        (["/nowhere"], "no folder '/nowhere'"),
        ("/tmp", r"come in a list: \['/tmp'\]"),
    ]
    for given, words in nowhere:
        with pytest.raises(LabError, match=words):
            await lab.start_worker(python_path=given)  # type: ignore[arg-type]
        assert not lab.workers


async def test_a_living_worker_has_the_settings_it_was_started_with(lab: Lab, tmp_path: Path) -> None:
    worker = await lab.start_worker("A", limited=True, python_path=[tmp_path], record=False)
    assert await lab.start_worker(**{"name": "A", **worker.serves}) is worker
    for other in ({}, {"limited": True}, {"python_path": [tmp_path]}):
        with pytest.raises(LabError, match="alive and serves something else, or with other settings"):
            await lab.start_worker("A", **other)  # type: ignore[arg-type]
    await worker.crash()
    assert (await lab.start_worker("B", **worker.serves)).spec == worker.spec


async def test_limits_hold_and_the_worker_works_on(lab: Lab, folder: Path) -> None:
    worker = await lab.start_worker(**NAMES, python_path=[folder], limited=True)  # type: ignore[arg-type]
    expected = [OUTPUT_BYTES, MEMORY_BYTES if sys.platform == "linux" else resource.RLIM_INFINITY, 0]
    assert await run(lab, "limits") == expected
    if sys.platform == "linux":
        assert str(await run(lab, "hog")).startswith("MemoryError")
    assert str(await run(lab, "flood")) == "OSError: [Errno 27] File too large"
    loud = await lab.client.start_workflow("Loud", id="loud", task_queue=lab.task_queue)
    async with watching(lab, loud) as watch:
        await watch.until(lambda facts: any(task.outcome == "failed" for task in facts.run.tasks))
    assert worker.log_path.stat().st_size <= OUTPUT_BYTES
    assert await run(lab, "limits") == expected
    assert worker.state == "running"
    counts = lab.ledger.activity_counts("flood")["flood"]
    assert (counts.started, counts.completed) == (1, 0)
    assert lab.ledger.activity_counts("limits")["limits"].completed == 1
    await loud.terminate()
    await worker.stop()
    assert worker.state == "stopped"


async def test_the_staged_workflow_runs_within_limits(lab: Lab) -> None:
    await lab.start_worker(limited=True)
    handle = await parked(lab)
    await finish(lab, handle)
    assert StagedWorkflow.__name__ == (await lab.describe(handle)).workflow_type
