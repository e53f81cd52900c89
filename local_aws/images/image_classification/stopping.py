"""Early stopping: training ends when the validation accuracy has not grown for long enough."""

from __future__ import annotations

from .hyperparameters import Hyperparameters


class EarlyStopping:
    """Told of each epoch's validation accuracy, it says when to stop.

    In the first `early_stopping_min_epochs` epochs nothing is counted. After them, an epoch improves when its accuracy
    is above the best before it, by no smaller part of that than `early_stopping_tolerance`;
    `early_stopping_patience` epochs in a row without it are the end.
    """

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self._hyperparameters = hyperparameters
        self._epochs = 0
        self._waited = 0
        self._best: float | None = None

    def should_stop(self, accuracy: float) -> bool:
        """Whether this epoch, with this validation accuracy, is the last."""
        improved = self._improves(accuracy)
        self._epochs += 1
        self._best = accuracy if self._best is None else max(self._best, accuracy)
        if not self._hyperparameters.early_stopping or self._epochs <= self._hyperparameters.early_stopping_min_epochs:
            return False
        self._waited = 0 if improved else self._waited + 1
        return self._waited >= self._hyperparameters.early_stopping_patience

    def _improves(self, accuracy: float) -> bool:
        if self._best is None:
            return True
        if self._best == 0:
            return accuracy > 0
        gain = (accuracy - self._best) / self._best
        return gain > 0 and gain >= self._hyperparameters.early_stopping_tolerance
