"""The learner's replay test must pass for code that old runs can replay, and fail for each edit that they cannot."""

from exercises.catch_the_edit.support import BROKEN, RIGHT
from stagedflow.course.mutants import require_each_noticed
from stagedflow.course.trial import Trial


async def check(trial: Trial) -> str:
    """Run it with all."""
    support = "exercises.catch_the_edit.support"
    await require_each_noticed(trial, support, right=list(RIGHT), broken=list(BROKEN))
    return "Two safe forms pass. Three edits that old runs cannot replay fail, and so does an empty folder."
