"""The lab: a Temporal server, workers that can be killed, and what an operator can do."""
