"""A loop without an end, with a crash: no run grows long, and the rounds go on across the runs."""

from exercises._chains import Chain, eventually
from exercises.continue_before_the_limit.support import DEADLY
from stagedflow.course.trial import Trial, Wrong, require

SUPPORT = "exercises.continue_before_the_limit.support:probe"
LIMIT = 120
ROUNDS = 35


async def check(trial: Trial) -> str:
    """Look at each run's history until enough rounds are done; kill the worker in one of them."""
    trial.must_have(workflow="Patrol", queries=["rounds_done"])
    await trial.work(activities=[SUPPORT])
    chain = Chain(trial, await trial.start("Patrol"))

    async def deadly() -> bool:
        done = await _rounds(chain)
        return len(done) > DEADLY or (len(done) == DEADLY and await chain.attempt_runs("probe"))

    async def enough() -> bool:
        return len(await _rounds(chain)) >= ROUNDS

    if not await eventually(deadly, seconds=9):
        raise Wrong(await _slow(chain))
    await chain.kill_worker()
    await trial.work()
    await chain.find_the_crash()
    if not await eventually(enough, seconds=9):
        raise Wrong(await _slow(chain))

    done = len(await _rounds(chain))
    told = await trial.query(chain.latest, "rounds_done")
    require(isinstance(told, int), f"The query rounds_done says {told!r}, which is no number.")
    require(
        told >= done,
        f"{ROUNDS} rounds and more are done, over several runs. The query rounds_done says fewer: it tells of the last "
        "run only.",
    )
    runs = await chain.runs()
    require(len(runs) > 1, f"{ROUNDS} rounds are done, and it is still the first run.")
    return (
        f"{ROUNDS} rounds without a gap, over several runs, with a crash in round {DEADLY}. No run grew beyond "
        f"{LIMIT} events."
    )


async def _rounds(chain: Chain) -> list[int]:
    """The numbers of the rounds that are done, from the first run on.

    Raises:
        Wrong: A run is too long or has ended, or a number is missing or comes again.
    """
    runs = await chain.runs()
    given = await chain.given("probe")
    numbers: list[int] = []
    for place, of_run in enumerate(given, 1):
        for number in of_run:
            if number != len(numbers):
                _explain(number, numbers, place)
            numbers.append(number)
    for place, run in enumerate(runs, 1):
        if run.closed and run.status != "continued as new":
            raise Wrong(f"Run {place} has {run.status}. The patrol never ends.")
        if len(run.events) > LIMIT:
            raise Wrong(
                f"Run {place} has grown beyond {LIMIT} events{' and goes on' if not run.closed else ''}. By itself "
                "this server suggests to continue as new at about 4,000 only: any earlier is for the code to decide."
            )
    return numbers


def _explain(number: int, before: list[int], place: int) -> None:
    last = f"After round {before[-1]} came round {number!r}" if before else f"The first round was {number!r}, not 0"
    if not before:
        raise Wrong(f"{last}.")
    if number in before:
        raise Wrong(f"{last} again, in run {place}. The next run does not know how far the one before it was.")
    raise Wrong(f"{last}, in run {place}: one was left out. What is carried over is the number of the next round.")


async def _slow(chain: Chain) -> str:
    runs = await chain.runs()
    if len(runs) < 6:
        return f"The rounds came to a halt: only {len(await _rounds(chain))} within 9 s."
    return (
        "The rounds are slow, as the runs are too short. This server begins a run at the earliest a second after the "
        "one before it, so a run should do a good number of rounds."
    )
