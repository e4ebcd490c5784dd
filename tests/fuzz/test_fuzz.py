"""A bounded number of fuzzed cases in every run, the same each time; `python -m tests.fuzz` tries new ones."""

from tests.fuzz.cases import fuzz_edits, fuzz_histories

EXAMPLES = 100


def test_changed_histories_get_temporals_verdict() -> None:
    counted = fuzz_histories(EXAMPLES, repeatable=True)
    assert counted["fits"] and counted["nondeterminism"] and counted["refused"], counted


def test_edited_workflows_get_temporals_verdict() -> None:
    counted = fuzz_edits(EXAMPLES, repeatable=True)
    assert counted["fits"] and counted["nondeterminism"], counted
