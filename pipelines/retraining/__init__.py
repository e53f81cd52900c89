"""A training that nobody sat down for: with what it starts, and whether it may."""

from pipelines.retraining.parameters import retraining_parameters

__all__ = ["retraining_parameters"]
