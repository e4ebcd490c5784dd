"""What a worker did, activation by activation: `trace` holds the data, `recorder` makes it."""
