"""What a worker did, activation by activation: `trace` is the data, `recorder` makes it, `saved` replays histories."""
