from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


def recorded(folder: Path, name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, (folder / f"{name}.json").read_text())


async def test_old_runs_still_replay(histories: Path, release: type):
    history = recorded(histories, "approved")
    result = await Replayer(workflows=[release]).replay_workflow(history, raise_on_replay_failure=False)
    assert result.history
