# gets: - an empty folder: a test that replays nothing proves nothing
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


async def test_old_runs_still_replay(histories: Path, release: type):
    for path in histories.glob("*.json"):
        history = WorkflowHistory.from_json(path.stem, path.read_text())
        await Replayer(workflows=[release]).replay_workflow(history)
