"""Signals out of order, with a crash between them: the stage only grows."""

from stagedflow.course.trial import Trial, require


async def check(trial: Trial) -> str:
    """Send 2, 1, 3 and look after each."""
    trial.must_have(workflow="Approvals", signals=["advance_stage"], queries=["current_stage"])
    await trial.work()
    handle = await trial.start("Approvals")
    await handle.signal("advance_stage", 2)
    stage = await trial.query(handle, "current_stage")
    require(stage == 2, f"The signal 2 came first: the stage is {stage}, not 2. A stage may be skipped.")
    await handle.signal("advance_stage", 1)
    stage = await trial.query(handle, "current_stage")
    require(stage == 2, f"The signals 2, 1 came: the stage is {stage}, not 2. A late signal must change nothing.")
    await trial.crash(handle)
    stage = await trial.query(handle, "current_stage")
    require(stage == 2, f"After a crash and a replay the stage is {stage}, not 2.")
    await handle.signal("advance_stage", 3)
    result = await trial.result(handle)
    require(result == 3, f"After the signal 3 the workflow returned {result!r}, not 3.")
    return "The signals 2, 1 and a crash left the stage at 2, and the signal 3 completed the workflow."
