"""Images in, training crops out: manifests, alignment and degradation, reconstructions, cached shards."""
