"""The package's own exceptions: each says what happened, why, and what to do."""


class LabError(Exception):
    """Something in the lab cannot be done. The text is written for the person at the notebook."""


class LabTimeout(LabError, TimeoutError):
    """A deadline of the lab's own passed (each call has one)."""
