"""Second Lambda: the image to the endpoint, its answer checked."""
