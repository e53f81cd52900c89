"""The training pipeline: extract, train, score, evaluate, gate, register. Its door is
`pipeline.get_pipeline`."""
