"""The learner's tests must pass for the right gate and fail for each broken one."""

from exercises.test_the_gate.support import BROKEN, RIGHT
from stagedflow.course.mutants import require_each_noticed
from stagedflow.course.trial import Trial


async def check(trial: Trial) -> str:
    """Run them against all."""
    support = "exercises.test_the_gate.support"
    tests = await require_each_noticed(trial, support, right=list(RIGHT), broken=list(BROKEN))
    return f"The right gate passes {tests} tests, and each of {len(BROKEN)} broken gates fails one."
