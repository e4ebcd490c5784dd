from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer


def recorded(folder: Path) -> list[WorkflowHistory]:
    return [WorkflowHistory.from_json(path.stem, path.read_text()) for path in sorted(folder.glob("*.json"))]


async def test_old_runs_still_replay(histories: Path, release: type):
    runs = recorded(histories)
    assert runs, "there is no history to replay"
    for history in runs:
        await Replayer(workflows=[release]).replay_workflow(history)  # raises if history and code part
