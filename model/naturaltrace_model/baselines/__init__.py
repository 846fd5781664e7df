"""Other ways to the same end, behind one interface and on the same crops: what the natural traces must beat."""
