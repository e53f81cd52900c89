"""The deployment pipeline: from an approved model package to a watched, scaling endpoint. Its door is
`pipeline.get_pipeline`."""
