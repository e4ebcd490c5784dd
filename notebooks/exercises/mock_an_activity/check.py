"""The learner's tests must pass for the right workflow and fail for each broken one."""

from exercises.mock_an_activity.support import BROKEN, RIGHT
from stagedflow.course.mutants import require_each_noticed
from stagedflow.course.trial import Trial


async def check(trial: Trial) -> str:
    """Run them against all."""
    support = "exercises.mock_an_activity.support"
    await require_each_noticed(trial, support, right=list(RIGHT), broken=list(BROKEN))
    return f"The right workflow passes, each of {len(BROKEN)} broken ones fails a test, and nothing real was flashed."
