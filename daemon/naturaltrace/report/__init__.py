"""A scan's results as one HTML file that opens anywhere, offline."""
