"""A learner's values as bounded text, without running a line of their classes."""
