"""The learning rate of each update: `lr_scheduler_factor` at the epochs of `lr_scheduler_step`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Schedule:
    """Learning rates by the number of the update, counted from 0.

    How many updates an epoch has is told by `num_training_samples`, whatever the channel has: therefore the guide calls
    the steps undefined where the two differ.
    """

    learning_rate: float
    factor: float
    steps: tuple[int, ...]

    @classmethod
    def of(cls, hyperparameters: Hyperparameters) -> Schedule:
        """The schedule of a job."""
        updates = math.ceil(hyperparameters.num_training_samples / hyperparameters.mini_batch_size)
        steps = tuple(epoch * updates for epoch in hyperparameters.lr_scheduler_step)
        return cls(hyperparameters.learning_rate, hyperparameters.lr_scheduler_factor, steps)

    def at(self, update: int) -> float:
        """The learning rate of this update."""
        return self.learning_rate * self.factor ** sum(step <= update for step in self.steps)
