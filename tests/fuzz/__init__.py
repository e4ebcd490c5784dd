"""Histories and workflow edits that nobody thought of: Temporal's Replayer and ours have to agree on each.

`test_fuzz.py` tries some in every run of the tests; `python -m tests.fuzz 10000` tries as many as it is told.
"""
