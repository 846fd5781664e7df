"""From features of images that no training saw to probabilities, conformal thresholds and the right to abstain."""
