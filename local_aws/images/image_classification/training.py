"""Training: epochs over the training images, each followed by the validation, until the last or the early stop."""

from __future__ import annotations

import logging
import time

import numpy
import torch
from torch import nn

from . import artefact, batches
from .artefact import Architecture
from .checkpoints import Checkpoints
from .dataset import Dataset, check_images
from .errors import CustomerError
from .hyperparameters import Hyperparameters
from .incremental import load_seed
from .job import Job
from .optimisers import make_optimiser
from .schedule import Schedule
from .scores import Accuracy, make_loss
from .stopping import EarlyStopping

LOGGER = logging.getLogger(__name__)
# the algorithm has no hyperparameter for it: the same data on the same machine give the same model
SEED = 8
BATCHES_A_REPORT = 20


def train(job: Job) -> None:
    """Run the job: its model is in model_folder at the end. Raises CustomerError."""
    hyperparameters = job.hyperparameters
    training, validation = (_checked(job, channel) for channel in ("train", "validation"))
    _check_sizes(hyperparameters, training)
    torch.manual_seed(SEED)
    architecture = Architecture.of(hyperparameters)
    if "model" in job.content_types:
        network = load_seed(job.channel("model"), architecture).network
        LOGGER.info("Starting from the model in the model channel.")
    else:
        network = architecture.network()
    artefact.write_architecture(job.model_folder, architecture, hyperparameters.mini_batch_size)
    checkpoints = Checkpoints(job.model_folder, hyperparameters.checkpoint_frequency)
    _Training(hyperparameters, network, training, checkpoints).run(validation)


def _checked(job: Job, channel: str) -> Dataset:
    dataset = job.dataset(channel)
    check_images(dataset, channel, job.hyperparameters)
    LOGGER.info("The %s channel has %d images.", channel, len(dataset.labels))
    return dataset


def _check_sizes(hyperparameters: Hyperparameters, training: Dataset) -> None:
    count = len(training.labels)
    if count < hyperparameters.mini_batch_size:
        raise CustomerError("The number of input images must be bigger or equal to the mini_batch_size.")
    if count != hyperparameters.num_training_samples:
        LOGGER.warning(
            "num_training_samples is %d, and the train channel has %d images: the epochs of lr_scheduler_step are "
            "counted by the former.",
            hyperparameters.num_training_samples,
            count,
        )


class _Training:
    def __init__(
        self, hyperparameters: Hyperparameters, network: nn.Module, training: Dataset, checkpoints: Checkpoints
    ) -> None:
        self._hyperparameters = hyperparameters
        self._network = network
        self._checkpoints = checkpoints
        self._batches = batches.TrainingBatches(training, hyperparameters, numpy.random.default_rng(SEED))
        self._loss = make_loss(hyperparameters, training.labels)
        self._optimiser = make_optimiser(network, hyperparameters)
        self._schedule = Schedule.of(hyperparameters)
        self._updates = 0

    def run(self, validation: Dataset) -> None:
        stopping = EarlyStopping(self._hyperparameters)
        for number in range(self._hyperparameters.epochs):
            self._epoch(number)
            accuracy = self._validate(validation)
            LOGGER.info("Epoch[%d] Validation-accuracy=%f", number, accuracy)
            self._checkpoints.after_epoch(number + 1, accuracy, self._network)
            if stopping.should_stop(accuracy):
                LOGGER.info("Early stopping: the validation accuracy has not grown. Epoch[%d] is the last.", number)
                break
        self._checkpoints.at_end(number + 1, self._network)

    def _epoch(self, number: int) -> None:
        began = time.perf_counter()
        hyperparameters = self._hyperparameters
        accuracy = Accuracy(hyperparameters.multi_label, hyperparameters.top_k)
        self._network.train()
        for count, (images, labels) in enumerate(self._batches.epoch(), start=1):
            self._update(images, labels, accuracy)
            if count % BATCHES_A_REPORT == 0:
                speed = count * hyperparameters.mini_batch_size / (time.perf_counter() - began)
                LOGGER.info(
                    "Epoch[%d] Batch [%d]\tSpeed: %.3f samples/sec\taccuracy=%f", number, count, speed, accuracy.value
                )
        LOGGER.info("Epoch[%d] Train-accuracy=%f", number, accuracy.value)
        if accuracy.top_k_value is not None:
            LOGGER.info("Epoch[%d] Train-top_k_accuracy_%d=%f", number, accuracy.top_k, accuracy.top_k_value)
        LOGGER.info("Epoch[%d] Time cost=%.3f", number, time.perf_counter() - began)

    def _update(self, images: torch.Tensor, labels: torch.Tensor, accuracy: Accuracy) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = self._schedule.at(self._updates)
        self._updates += 1
        scores = self._network(images)
        self._optimiser.zero_grad()
        loss = self._loss(scores, labels)
        if not torch.isfinite(loss):
            raise CustomerError(
                f"The loss is {loss.item()} after {self._updates} updates: the training diverges. Use a smaller "
                "learning_rate"
            )
        loss.backward()
        self._optimiser.step()
        accuracy.add(scores.detach(), labels)

    def _validate(self, validation: Dataset) -> float:
        accuracy = Accuracy(self._hyperparameters.multi_label)
        self._network.eval()
        with torch.inference_mode():
            for images, labels in batches.validation_batches(validation, self._hyperparameters):
                accuracy.add(self._network(images), labels)
        return accuracy.value
