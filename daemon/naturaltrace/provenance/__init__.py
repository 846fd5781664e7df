"""What the file itself says: content credentials, metadata, generator marks. Knows nothing of pixel statistics."""
