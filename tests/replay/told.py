"""A trace as a short text that can be checked by hand against the workflow's source.

    < what came in, job by job                (now): executed now, not replayed
        ~ what changed in the state
        . coroutine: what it waits for        | the source line where it waits
        > command                             | the source line that made it
    = a side effect's call                | the source line that asked for it
    ! why the replay failed

`python -m tests.replay.told NAME...` prints these texts. What `expected/` holds was read line by line against source
and history before it was taken in: so is what takes its place.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from stagedflow.replay.trace import ReplayStep, ReplayTrace

EXPECTED = Path(__file__).parent / "expected"
MAX_STATE = 80
"""Characters of a state's text that are told; else its name alone is."""
MAX_CHANGES = 5
"""Changes that are told with their texts; of more, the names alone."""


def told(trace: ReplayTrace) -> str:
    """The trace's text."""
    told_steps = [line for step in trace.steps for line in _step(trace, step)]
    return "\n".join([*told_steps, *_failure(trace)])


def expected_of() -> dict[str, str]:
    """The expected texts by the names of their cases: each file holds those of one theme.

    A name may end in " @3.12": from that version of Python on, asyncio does it otherwise.
    """
    found: dict[str, str] = {}
    newer: dict[str, str] = {}
    for path in sorted(EXPECTED.glob("*.txt")):
        for part in re.split(r"^# ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            title, _, text = part.partition("\n")
            name, _, minor = title.partition(" @3.")
            texts = newer if minor else found
            assert name not in texts, title
            if not minor or sys.version_info >= (3, int(minor)):
                texts[name] = text.rstrip()
    return found | newer


def _step(trace: ReplayTrace, step: ReplayStep) -> Iterator[str]:
    yield f"< {step.reason}" + ("" if step.is_replaying else " (now)")
    if step.failure:
        yield f"    ! {step.failure}"
    if step.changed:
        # Where a loop was stopped is another each time.
        brief = step.failure or len(step.changed) > MAX_CHANGES
        yield f"    ~ {', '.join(name if brief else _change(name, step.state[name]) for name in step.changed)}"
    for waiting in step.waiting:
        text = _without_numbers(trace, waiting.text, waiting.file, waiting.line)
        yield f"    . {waiting.task}: {text} | {_source(trace, waiting.file, waiting.line)}"
    for command in step.commands:
        yield f"    > {command.text} | {_source(trace, command.file, command.line)}"
    for effect in step.side_effects:
        # Times, ids and numbers are the recording's own; what a patch gave is not.
        text = effect.text if effect.kind == "patched" else effect.text.partition(" = ")[0]
        yield f"    = {text} | {_source(trace, effect.file, effect.line)}"


def _failure(trace: ReplayTrace) -> Iterator[str]:
    if failure := trace.failure:
        expected = f"event {failure.expected.id} {failure.expected.type}" if failure.expected else "no further event"
        actual = failure.actual.text if failure.actual else "no command"
        parted = f": history has {expected}, the code {actual}" if failure.kind == "nondeterminism" else ""
        yield f"! {failure.kind} at step {failure.step}{parted}"


def _change(name: str, text: str) -> str:
    """An object's own repr is another matter, and differs between versions of Python."""
    return name if "<" in text or len(text) > MAX_STATE else f"{name} = {text}"


def _source(trace: ReplayTrace, file: str, line: int | None) -> str:
    """The source line, with the file's name where it is not the workflow's."""
    if line is None:
        return "-"
    text = trace.sources[file].splitlines()[line - 1].strip()
    return text if file == trace.file else f"{Path(file).name}: {text}"


def _without_numbers(trace: ReplayTrace, text: str, file: str, line: int | None) -> str:
    """The text with `here`, or the source line, for each `name.py:41`."""

    def named(found: re.Match[str]) -> str:
        number = int(found[1])
        return "here" if number == line else f"`{_source(trace, file, number)}`"

    return re.sub(rf"{re.escape(Path(file).name)}:(\d+)", named, text) if file else text


async def _print(names: list[str]) -> None:
    from tests.replay.replays import trace_of

    for name in names:
        print(f"# {name}\n{told(await trace_of(name))}\n")


if __name__ == "__main__":
    asyncio.run(_print(sys.argv[1:]))
