"""`check(NAME)`: run the learner's code as the exercise says, and tell what was seen."""

import asyncio
import re
import traceback
from pathlib import Path

from temporalio.service import RPCError

from stagedflow.background import lab_loop, submit
from stagedflow.course import progress_file
from stagedflow.course.attempt import Attempt
from stagedflow.course.exercise import Exercise, exercise
from stagedflow.course.magics import attempts, waited
from stagedflow.course.outcome import CANNOT_CHECK, CORRECT, INCORRECT, NOT_ATTEMPTED, Outcome
from stagedflow.course.patience import patience
from stagedflow.course.trial import Trial, Wrong
from stagedflow.errors import LabError

SECONDS = 25.0
"""The longest that a check runs on a machine at rest; each of its waits is shorter."""
_TRY_AGAIN = "That is no fault of your code: check it again."


def check(name: str) -> Outcome:
    """Check an exercise's cell as it was run last. Never raises; takes seconds, 30 at the most on a machine at rest.

    The code runs in worker processes against a Temporal server of the check's own: neither this kernel nor its lab is
    touched. A plain call: it works while something else awaits.

    Args:
        name: The exercise, as after `%%exercise`.
    """
    try:
        known = exercise(name)
    except LabError as error:
        return Outcome(str(name), CANNOT_CHECK, str(error))
    try:
        on_loop = asyncio.get_running_loop() is lab_loop()
    except RuntimeError:
        on_loop = False
    if on_loop:
        return Outcome(
            name, CANNOT_CHECK, "check() waits for the lab's own event loop: call it from a cell, not there."
        )
    outcome: Outcome = waited(submit(checked(known, attempts.get(name))))
    if outcome.status != NOT_ATTEMPTED:
        progress_file.note(
            "exercises",
            name,
            last=outcome.status,
            best=lambda before: before if before == CORRECT else outcome.status,
            checks=lambda before: (before if isinstance(before, int) else 0) + 1,
        )
    return outcome


async def checked(known: Exercise, attempt: Attempt | None) -> Outcome:
    """The outcome of one answer; None: there is none in this kernel."""
    name = known.name

    def outcome(status: str, message: str) -> Outcome:
        return Outcome(name, status, message)

    help_words = f'hint("{name}") helps.'
    if attempt is None:
        words = f"Run the cell that begins with %%exercise {name}, then check again. {help_words}"
        return outcome(NOT_ATTEMPTED, words)
    if known.is_starter(attempt.source):
        words = f"The cell still does what the starter does. Change it, run it, then check again. {help_words}"
        return outcome(NOT_ATTEMPTED, words)
    if attempt.trouble:
        return outcome(INCORRECT, f"The cell cannot be imported, so nothing was run: {attempt.trouble}")
    trial, seconds = Trial(attempt, time_skipping=known.time_skipping), patience(SECONDS)

    async def wrong(words: str) -> Outcome:
        """Whatever the check has seen amiss: without its server it says nothing about the code."""
        if await trial.answers():
            return outcome(INCORRECT, f"{words}\n{help_words}")
        return outcome(CANNOT_CHECK, f"The check's own Temporal server has ended or is silent. {_TRY_AGAIN}")

    try:
        async with asyncio.timeout(seconds):
            seen: object = await known.check(trial)
        if not isinstance(seen, str):
            words = f"{known.folder / 'check.py'} gave {seen!r}, not a text that says what it saw."
            return outcome(CANNOT_CHECK, f"{words} That is no fault of your code.")
        return outcome(CORRECT, seen)
    except Wrong as error:
        return await wrong(str(error))
    except TimeoutError:
        return await wrong(
            f"There was no answer within {seconds:.0f} s. Does the code wait for something that never comes?"
        )
    except RPCError as error:
        if "already completed" in error.message:
            return await wrong(
                "The workflow had ended, failed or completed, when the check still had something to send."
            )
        return outcome(CANNOT_CHECK, f"The check did not get to its end: {_flat(error)}")
    except LabError as error:
        return outcome(CANNOT_CHECK, f"The check did not get to its end: {_flat(error)}")
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # the last two would end the lab's loop
        where = _line_in(known.folder / "check.py", error)
        words = (
            f"The check itself failed ({type(error).__name__}: {_flat(error)}{where}). That is no fault of your code."
        )
        return outcome(CANNOT_CHECK, words)
    finally:
        await asyncio.shield(trial.close())


def _line_in(file: Path, error: BaseException) -> str:
    """Where in this file an exception came from, in words."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f", at line {lines[-1]} of {file.name}" if lines else ""


def _flat(error: BaseException) -> str:
    return re.sub(r"\s+", " ", str(error))[:500]
