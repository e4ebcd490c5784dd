"""About forty reports, before, in and after each switch, with a crash between them: each is recorded once."""

import asyncio
from collections import Counter

from exercises._chains import Chain, eventually
from stagedflow.course.trial import Trial, Wrong, require

SUPPORT = "exercises.carry_signals_over.support"
MOST_IN_A_RUN = 25


async def check(trial: Trial) -> str:
    """Reports before the worker, in the switch, before and after a crash, and in a stream."""
    trial.must_have(workflow="Inbox", signals=["report"])
    await trial.open()
    handle = await trial.start("Inbox", [])
    chain = Chain(trial, handle)
    sent: list[str] = []

    async def report(word: str, count: int, pause: float = 0.0) -> None:
        for _ in range(count):
            sent.append(f"{word}-{len(sent) + 1}")
            await chain.latest.signal("report", sent[-1])
            await asyncio.sleep(pause)

    async def closing() -> bool:
        return await chain.attempt_runs("close_batch") or await chain.waits_only_for()

    async def crashable() -> bool:
        return await chain.waits_only_for("wake_up")

    await report("awake", 14)
    await report("asleep", 3)
    await trial.work(activities=[f"{SUPPORT}:{name}" for name in ("wake_up", "record", "close_batch")])
    await eventually(closing, seconds=3)
    await report("late", 3)
    await _all_recorded(chain, sent)

    await report("awake", 4)
    await report("asleep", 3)
    await eventually(crashable, seconds=3)
    await chain.kill_worker()
    await report("awake", 6)
    await trial.work()
    await chain.find_the_crash()
    await report("awake", 6, pause=0.03)
    await _all_recorded(chain, sent)
    require(
        await eventually(chain.waits_only_for, seconds=3),
        f"All {len(sent)} reports were recorded, but the workflow does not come to rest. A run that has nothing to do "
        "must wait for a report, not continue as new again and again.",
    )

    most = max(len(run) for run in await chain.given("record"))
    require(
        most <= MOST_IN_A_RUN,
        f"All {len(sent)} reports were recorded, but one run recorded {most} of them. With BATCH = 10 it had to "
        "continue as new before that: a run that goes on for ever meets the limit of its history.",
    )
    return f"{len(sent)} reports came before, in and after the switches and around a crash. Each was recorded once."


async def _all_recorded(chain: Chain, sent: list[str]) -> None:
    """Wait until everything that was sent is recorded; tell at once of one that is there twice, or that is lost."""
    recorded: Counter[str] = Counter()

    async def done() -> bool:
        quiet = await chain.waits_only_for()
        recorded.clear()
        for run in await chain.given("record"):
            recorded.update(_names(run))
        for device, times in recorded.items():
            require(times == 1, f"{device} reported once, and was recorded {times} times: do not carry what is done.")
            require(device in sent, f"{device!r} was recorded, and no device of this name has reported.")
        return quiet or len(recorded) == len(sent)

    finished = await eventually(done, seconds=10)
    lost = [device for device in sent if device not in recorded]
    if not lost:
        return
    last = (await chain.runs())[-1]
    require(
        not last.closed, f"The workflow has {last.status}, and {len(lost)} reports were not recorded. It never ends."
    )
    told = f"{len(sent)} reports were sent, {len(recorded)} were recorded"
    if not finished:
        raise Wrong(f"{told}. The others got no further within 10 s.")
    raise Wrong(f"{told}, and the workflow waits for more. {await _how(chain, lost)}")


async def _how(chain: Chain, lost: list[str]) -> str:
    """How they were lost, group by group."""
    if len(await chain.runs()) == 1:
        return f"It is still the first run, and has not recorded {_some(lost).rsplit(' ', 1)[0]}."
    woken = set(_names([x for run in await chain.given("wake_up", before_the_last_task=True) for x in run]))
    begun = set(_names([x for run in await chain.given("wake_up", completed=False) for x in run]))
    handling = [d for d in lost if d in begun - woken]
    late = [d for d in lost if d.startswith("late") and d not in handling]
    listed = [d for d in lost if d not in (*handling, *late)]
    parts = [
        f"{_some(devices)} lost {how}."
        for devices, how in (
            (listed, "from the list: the run continued as new without them"),
            (
                handling,
                "in their handlers: these still awaited wake_up, or had its result only then, when the run "
                "continued as new",
            ),
            (late, "at the switch: these came in while close_batch ran"),
        )
        if devices
    ]
    return " ".join(parts)


def _some(devices: list[str]) -> str:
    return f"{', '.join(devices[:3])}{' and others' if devices[3:] else ''} {'were' if devices[1:] else 'was'}"


def _names(arguments: list[object]) -> list[str]:
    """The device names in them: an answer may record one at a time, or a list."""
    found = []
    for argument in arguments:
        found += [argument] if isinstance(argument, str) else _names(argument) if isinstance(argument, list) else []
    return found
