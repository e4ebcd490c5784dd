# gets: - an edit that adds an activity at the top: no old run can replay it
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


async def test_old_runs_still_replay(histories: Path, release: type):
    paths = sorted(histories.glob("*.json"))
    assert paths
    for path in paths:
        history = WorkflowHistory.from_json(path.stem, path.read_text())
        result = await Replayer(workflows=[release]).replay_workflow(history, raise_on_replay_failure=False)
        assert result.history
