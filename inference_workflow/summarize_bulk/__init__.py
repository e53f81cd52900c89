"""The bulk workflow's Lambda: what became of each image of a prefix, counted."""
