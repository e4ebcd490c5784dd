"""The timeline: what happened, drawn and in words, from data alone."""
