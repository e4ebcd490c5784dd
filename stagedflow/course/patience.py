"""How long a check waits: a busy machine is slow, and an answer is not wrong because of that."""

import os

MOST = 8.0
"""A check that waits longer than this many times its seconds helps nobody."""


def patience(seconds: float) -> float:
    """So many seconds on a machine at rest; where several processes share a processor, up to eight times as long."""
    return seconds * min(MOST, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
