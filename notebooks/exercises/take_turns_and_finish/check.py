"""Two handlers at once, then one that is still at work when the workflow is told to close."""

from typing import Any

from stagedflow.course.trial import Trial, require


async def check(trial: Trial) -> str:
    """Reserve for two devices at once, crash, then reserve for a third and close at once."""
    trial.must_have(workflow="Slots", signals=["reserve", "close"], queries=["given"], activities=["book"])
    await trial.open()
    handle = await trial.start("Slots")
    await handle.signal("reserve", "pump")
    await handle.signal("reserve", "valve")
    await trial.work()
    run = await trial.settled(handle)
    require(not run.closed, f"The workflow returned before close came: it has {run.status}.")
    given = await trial.query(handle, "given")
    seen = f"The signals for pump and valve came at once: {_told(given)}."
    require(
        given != {"pump": 1, "valve": 1},
        f"{seen} At its await a handler lets the other one run: both had counted before either had added its slot.",
    )
    require(given in ({"pump": 1, "valve": 2}, {"pump": 2, "valve": 1}), f"{seen} Each should have its own, 1 or 2.")

    # With no worker, so that both signals come in one activation.
    assert trial.lab.worker is not None
    await trial.lab.worker.crash()
    await trial.lab.skip_sticky_wait(handle)
    await handle.signal("reserve", "camera")
    await handle.signal("close")
    await trial.work()
    result = await trial.result(handle)
    require(
        isinstance(result, dict) and result == {**given, "camera": 3},
        f"close came while the handler of camera was at work. The workflow returned: {_told(result)}. camera should "
        "have slot 3, beside the two before: a workflow that returns abandons the handlers that still run.",
    )
    counts = trial.counts(handle)
    started = counts["book"].started if "book" in counts else 0
    require(started == 3, f"Three devices got a slot, and the activity book was started {started} times, not 3.")
    return "Two handlers at once took two slots, and the workflow closed only when the third device had its own."


def _told(given: Any) -> str:
    if not isinstance(given, dict):
        return repr(given)[:200]
    return ", ".join(f"{device} has slot {slot}" for device, slot in list(given.items())[:10]) or "no device has a slot"
