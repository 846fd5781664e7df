"""Training: batches out of shards, the two stages, checkpoints."""
