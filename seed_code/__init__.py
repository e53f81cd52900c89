"""What a project is stamped from: the SageMaker Project template, its packaging, and the seed of its code."""
