"""A bounded number of fuzzed cases in every run, the same each time; `python -m tests.fuzz` tries new ones."""

import warnings

import pytest

from stagedflow.replay.saved import guarded_replay
from tests.fuzz.agreement import BARE_SECONDS
from tests.fuzz.cases import fuzz_edits, fuzz_histories

EXAMPLES = 100


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_replay, "STANDSTILL_SECONDS", BARE_SECONDS)
    # A workflow that never started leaves a coroutine of the SDK's un-awaited.
    warnings.filterwarnings("ignore", message=".*was never awaited")


def test_changed_histories_get_temporals_verdict() -> None:
    counted = fuzz_histories(EXAMPLES, repeatable=True)
    assert counted["fits"] and counted["nondeterminism"] and counted["refused"], counted


def test_edited_workflows_get_temporals_verdict() -> None:
    counted = fuzz_edits(EXAMPLES, repeatable=True)
    assert counted["fits"] and counted["nondeterminism"], counted
