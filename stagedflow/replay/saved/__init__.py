"""The replay of a saved history: `replayer` runs Temporal's own Replayer, recorded, and says how it ended."""
