"""The fixtures `histories` and `release`, for the learner's test."""

import uuid
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from exercises.catch_the_edit.support import Edit, Release, clean_up, flash, stage

_recorded: dict[str, str] = {}
"""The history of each run, as JSON; recorded when first asked for."""


@pytest.fixture
async def histories(request: pytest.FixtureRequest, subject: Edit, tmp_path: Path) -> Path:
    """A folder with the histories of two runs of the unedited workflow."""
    if not _recorded:
        await _record(request.getfixturevalue("env"))  # asked for only here: it starts a server
    folder = tmp_path / "histories"
    folder.mkdir()
    for name, history in _recorded.items() if subject.with_histories else ():
        (folder / f"{name}.json").write_text(history)
    return folder


@pytest.fixture
def release(subject: Edit) -> type:
    """The workflow class that the test replays."""
    return subject.workflow


async def _record(env: WorkflowEnvironment) -> None:
    queue = uuid.uuid4().hex
    async with Worker(env.client, task_queue=queue, workflows=[Release], activities=[stage, flash, clean_up]):
        for name in ("approved", "expired"):
            handle = await env.client.start_workflow(Release.run, id=f"{name}-{queue}", task_queue=queue)
            if name == "approved":
                await handle.signal(Release.approve)
            await handle.result()
            _recorded[name] = (await handle.fetch_history()).to_json()
