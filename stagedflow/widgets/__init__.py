"""What a notebook shows: the panel, the timeline and the replay viewer."""
