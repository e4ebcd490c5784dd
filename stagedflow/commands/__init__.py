"""The `stagedflow` command: doctor, open, demo, replay."""
