"""An event history as small values: runs, what is open, what is waited for."""
