"""The ledger: what the workers really did, written by them and read by everybody else."""
