"""Other detectors than the bundled one: graphs that the user adds, each with a card that says how to read it."""
