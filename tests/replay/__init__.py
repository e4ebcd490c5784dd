"""The replay recorder against every fixture workflow, and against an oracle that does not use Python's trace hook."""
