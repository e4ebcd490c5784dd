"""A signal with the start, before a worker runs: its handler comes before `run()`."""

from typing import Any

from stagedflow.course.trial import Trial, Wrong, require

EARLY = "The first signal came with the start, so its handler ran before run()."


async def check(trial: Trial) -> str:
    """Signal-with-start, a crash, a second signal; then a fleet whose signal is late."""
    trial.must_have(workflow="Fleet", signals=["device_ready"], queries=["ready_devices"])
    await trial.open()
    early = await trial.start(
        "Fleet", "north", 2, id="check-early", start_signal="device_ready", start_signal_args=["pump"]
    )
    await trial.work()
    try:
        await trial.settled(early)
        ready = await trial.query(early, "ready_devices")
    except Wrong as wrong:
        raise Wrong(f"{EARLY} {wrong}") from None
    require(ready == ["north/pump"], f"{EARLY} After it the ready devices are {_told(ready)}, not north/pump.")
    await trial.crash(early)
    ready = await trial.query(early, "ready_devices")
    require(ready == ["north/pump"], f"After a crash and a replay the ready devices are {_told(ready)}.")
    await early.signal("device_ready", "valve")
    result = await trial.result(early)
    require(result == ["north/pump", "north/valve"], f"The devices pump and valve are ready; the result is {result!r}.")

    late = await trial.start("Fleet", "south", 1, id="check-late")
    await trial.settled(late)
    ready = await trial.query(late, "ready_devices")
    require(ready == [], f"A fleet without a signal has the ready devices {_told(ready)}.")
    await late.signal("device_ready", "fan")
    result = await trial.result(late)
    require(result == ["south/fan"], f"A signal came after the start; the result is {result!r}, not ['south/fan'].")
    return "A signal that came with the start was kept, through a crash, too; so was one that came later."


def _told(ready: Any) -> str:
    if not isinstance(ready, list):
        return repr(ready)[:200]
    return ", ".join(str(device) for device in ready[:10]) or "none"
