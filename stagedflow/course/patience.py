"""How long a check waits: a busy machine is slow, and an answer is not wrong because of that."""

import os


def patience(seconds: float) -> float:
    """So many seconds on a machine at rest; where several processes share a processor, so many times as long."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
