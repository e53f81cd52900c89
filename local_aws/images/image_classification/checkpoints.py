"""Which epochs' weights are kept: the best by validation accuracy, or those of every so many epochs."""

from __future__ import annotations

import logging
from pathlib import Path

from torch import nn

from .artefact import params_files, write_params

LOGGER = logging.getLogger(__name__)


class Checkpoints:
    """Writes params files into the model's folder, as `checkpoint_frequency` says.

    Without a frequency the folder has one, that of the best epoch; with one it has all that were written, and they all
    are part of model.tar.gz. Inference takes the last.
    """

    def __init__(self, folder: Path, frequency: int | None) -> None:
        self._folder = folder
        self._frequency = frequency
        self._best: float | None = None

    def after_epoch(self, epoch: int, validation_accuracy: float, network: nn.Module) -> None:
        """Keep the weights of this epoch, counted from 1, where they are to be kept."""
        if self._frequency is not None:
            if epoch % self._frequency == 0:
                self._write(epoch, network)
            return
        if self._best is None or validation_accuracy > self._best:
            self._best = validation_accuracy
            LOGGER.info("Storing the best model with validation accuracy: %f", validation_accuracy)
            earlier = params_files(self._folder)
            self._write(epoch, network)
            for path in earlier:
                path.unlink()

    def at_end(self, epoch: int, network: nn.Module) -> None:
        """A job that was stopped early, before its first checkpoint, has a model too."""
        if not params_files(self._folder):
            self._write(epoch, network)

    def _write(self, epoch: int, network: nn.Module) -> None:
        path = write_params(self._folder, epoch, network)
        LOGGER.info('Saved checkpoint to "/opt/ml/model/%s"', path.name)
