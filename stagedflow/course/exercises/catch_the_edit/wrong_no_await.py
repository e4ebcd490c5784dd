# gets: Your test passes for what is right. No test notices:
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


async def test_old_runs_still_replay(histories: Path, release: type):
    paths = sorted(histories.glob("*.json"))
    assert paths
    for path in paths:
        history = WorkflowHistory.from_json(path.stem, path.read_text())
        Replayer(workflows=[release]).replay_workflow(history)
