"""One fuzzed case after another, by hypothesis: what both the test and the command run."""

import asyncio
import contextlib
import importlib
import itertools
import logging
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stagedflow.replay.saved import guarded_replay
from tests.fixtures.cases import CASES
from tests.fixtures.recorded import text_of
from tests.fuzz.agreement import BARE_SECONDS, Outcome, outcome_of
from tests.fuzz.edits import edited_sources
from tests.fuzz.histories import changed_histories

# Not those whose code computes for long or refuses to end: each case would take seconds.
NAMES = sorted(
    name for name, case in CASES.items()
    if case.verdict == "fits" and case.made_by is None and name not in ("loops_on_replay", "computes_long", "fans_out")
)  # fmt: skip
_numbers = itertools.count(1)


def fuzz_histories(examples: int, *, repeatable: bool) -> Counter[str]:
    """Change histories, and replay each against the workflow that made it.

    Args:
        examples: How many.
        repeatable: True for the same ones each time.

    Returns:
        How many ended in which way.
    """
    counted: Counter[str] = Counter()
    with asyncio.Runner() as runner, _short_waits():

        @_settings(examples, repeatable)
        @given(st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), changed_histories(name))))
        def one(case: tuple[str, str]) -> None:
            name, text = case
            counted[runner.run(outcome_of(text, CASES[name].workflow)).kind] += 1

        one()
    return counted


def fuzz_edits(examples: int, *, repeatable: bool) -> Counter[str]:
    """Edit workflows, and replay the history of the original against each.

    Args:
        examples: How many.
        repeatable: True for the same ones each time.

    Returns:
        How many ended in which way.
    """
    counted: Counter[str] = Counter()
    with asyncio.Runner() as runner, _short_waits(), tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)

        @_settings(examples, repeatable)
        @given(
            st.sampled_from(NAMES).flatmap(lambda n: st.tuples(st.just(n), edited_sources(CASES[n].workflow))),
        )
        def one(case: tuple[str, str]) -> None:
            name, source = case
            counted[runner.run(outcome_of_edit(name, source, Path(folder))).kind] += 1

        try:
            one()
        finally:
            sys.path.remove(folder)
    return counted


def fuzz_quietly(fuzz: Callable[..., Counter[str]], examples: int) -> Counter[str]:
    """New cases in a process of their own; what the SDK logs of workflows that raise would drown a finding."""
    logging.disable(logging.CRITICAL)
    return fuzz(examples, repeatable=False)


async def outcome_of_edit(name: str, source: str, folder: Path) -> Outcome:
    """Replay a fixture's history against other code, which becomes a module of its own.

    Args:
        name: The case's name.
        source: The module's text.
        folder: Where it is written; on `sys.path`.
    """
    module = f"fuzzed_{next(_numbers)}"
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    try:
        workflow = getattr(importlib.import_module(module), CASES[name].workflow.__name__)
    except Exception as error:  # Temporal's own decorators refuse it: no workflow
        return Outcome("refused", str(error))
    try:
        return await outcome_of(text_of(name), workflow)
    finally:
        del sys.modules[module]


@contextlib.contextmanager
def _short_waits() -> Iterator[None]:
    """Give up on a replay that stands still as early as on Temporal's own."""
    with mock.patch.object(guarded_replay, "STANDSTILL_SECONDS", BARE_SECONDS), warnings.catch_warnings():
        # A workflow that never started leaves a coroutine of the SDK's un-awaited.
        warnings.filterwarnings("ignore", message=".*was never awaited")
        yield


def _settings(examples: int, repeatable: bool) -> settings:
    return settings(
        max_examples=examples,
        derandomize=repeatable,
        database=None,
        deadline=None,
        print_blob=not repeatable,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
