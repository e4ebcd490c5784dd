"""The last gate's event comes first, and the worker crashes between two gates: each gate waits for its own device."""

from stagedflow.course.trial import Trial, require


async def check(trial: Trial) -> str:
    """Handshakes in a bad order with a crash, then in the list's order."""
    trial.must_have(workflow="Handshakes", signals=["handshake"], queries=["passed_so_far"])
    await trial.work()
    handle = await trial.start("Handshakes", ["hub", "lamp", "lock"])

    async def passed() -> object:
        return await trial.query(handle, "passed_so_far")

    await handle.signal("handshake", "lock")
    seen = await passed()
    require(
        seen == [],
        f"The handshake of lock, the last in the list, came first: passed_so_far says {seen}, not []. "
        "The first gate waits for hub, and no other device may open it.",
    )
    await handle.signal("handshake", "hub")
    seen = await passed()
    require(
        seen == ["hub"],
        f"The handshake of hub came next: passed_so_far says {seen}, not ['hub']. The gates open one by one.",
    )
    await trial.crash(handle)
    seen = await passed()
    require(seen == ["hub"], f"After a crash and a replay passed_so_far says {seen}, not ['hub'].")
    await handle.signal("handshake", "lamp")
    result = await trial.result(handle)
    require(
        result == ["hub", "lamp", "lock"],
        f"After the last handshake the workflow returned {result}, not ['hub', 'lamp', 'lock'].",
    )

    handle = await trial.start("Handshakes", ["pump", "valve"], id="check-in-order")
    await handle.signal("handshake", "pump")
    seen = await passed()
    require(seen == ["pump"], f"Of the devices pump and valve pump came: passed_so_far says {seen}, not ['pump'].")
    await handle.signal("handshake", "valve")
    result = await trial.result(handle)
    require(result == ["pump", "valve"], f"After pump and valve the workflow returned {result}.")
    return "The last device's handshake opened no other gate, and after a crash each gate still waited for its own."
