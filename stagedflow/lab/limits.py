"""Bounds for a process that runs a learner's code for a check: a flood ends in an error there, not in a full disk."""

import contextlib
import resource

OUTPUT_BYTES = 64 * 2**20
"""The longest file that it may write. Python ignores SIGXFSZ, so a print beyond it raises OSError."""
MEMORY_BYTES = 4 * 2**30
"""Address space: the SDK reserves some, and a runaway list gets a MemoryError."""


def limit_resources() -> None:
    """Set the bounds for this process; a platform that lacks one goes without it."""
    for what, most in (
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(what)
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
