"""`make demo`: a sample feed, the companion and the extension in a real browser, from nothing to badges."""
