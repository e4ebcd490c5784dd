# gets: - an edit that drops clean_up: a run that expired cannot replay it
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


async def test_old_runs_still_replay(histories: Path, release: type):
    path = histories / "approved.json"
    history = WorkflowHistory.from_json("approved", path.read_text())
    await Replayer(workflows=[release]).replay_workflow(history)
