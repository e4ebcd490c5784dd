"""What a worker does in each activation, recorded while it does it."""
