"""Learns a net's body from pictures of other classes, an epoch at a time, for fine-tuning to start from.

The body sits on the stem that fine-tuning has: filters, mean and deviation come from the project's own training
pictures, and pretraining takes them as they are. So the net that is served normalises as one that was not pretrained,
and body and stem fit together from the first step.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from arguments import Hyperparameters
from augmentation import AugmentationStrength, augment
from failure import TrainingRefused
from learner import Learner
from model import Classifier, build_classifier, unit_range
from one_cycle import one_cycle
from pretraining_images import PretrainingImages
from torch import Generator, Tensor

# With 49,000 pictures there is no need of small batches; the peak rate grows with the batch (0.05 at 48).
BATCH_SIZE = 256
LEARNING_RATE = 0.2
WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.05
# Mixing pictures and cutting holes are for the few pictures of fine-tuning: with many, a small net does not overfit.
STRENGTH = AugmentationStrength(hole_pixels=0, mixup_alpha=0)
# A net that knows what edges and wheels look like needs small steps: at the full rate, which is for random weights,
# fine-tuning would wash out in its first epochs what pretraining has learnt.
FINE_TUNING_SHARE = 0.2
FIRST_BATCH, LAST_BATCH = 2, 10  # timed for the estimate; the first one warms up


class PretrainingDiverged(TrainingRefused):
    """The loss became infinite or not a number."""


class Pretraining:
    """The net for the other classes, its moving average and its optimiser, between epochs."""

    def __init__(
        self,
        images: PretrainingImages,
        like: Classifier,
        epochs: int,
        seed: int,
        log: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`like` is a net as fine-tuning starts with: its stem, normalisation and width are taken; it is not changed.

        `epochs` shapes the learning rate. `clock` gives seconds, for the estimate of the time that is left, which
        `log` is told once.
        """
        torch.manual_seed(seed)
        self.epochs, self.seed = epochs, seed
        self.pixels, self.labels = images.labelled.pixels, images.labelled.labels
        self.steps_an_epoch = math.ceil(len(self.labels) / BATCH_SIZE)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = _for_classes(images.classes, like).to(self.device)
        self.learner = Learner(self.net, WEIGHT_DECAY)
        self._estimate = _Estimate(log, clock, str(self.device))

    def fit_epoch(self, epoch: int) -> tuple[float, float]:
        """Go once over the pictures, as epoch number `epoch` (from 1): mean loss, and the share (0..1) told rightly.

        Both are of the changed pictures, while the net learns from them. Raises PretrainingDiverged.
        """
        # Apart from the seeds of fine-tuning's epochs, of which there are 10,000 at most.
        generator = Generator().manual_seed(self.seed * 100_003 + 50_000 + epoch)
        self.net.train()
        total_loss, right = 0.0, 0
        order = torch.randperm(len(self.labels), generator=generator)
        first_step = (epoch - 1) * self.steps_an_epoch
        for step, chosen in enumerate(order.tensor_split(self.steps_an_epoch), start=first_step):
            loss, answers = self._step(step, chosen, generator)
            if not math.isfinite(loss):
                raise PretrainingDiverged(
                    f"pretraining's loss is {loss} in epoch {epoch}; look at the pictures of the channel pretrain, "
                    "or leave --pretrain out"
                )
            total_loss += loss * len(chosen)
            right += int((answers.cpu() == self.labels[chosen]).sum())
            self._estimate.batch_done(self.epochs * self.steps_an_epoch - step - 1)
        return total_loss / len(self.labels), right / len(self.labels)

    def _step(self, step: int, chosen: Tensor, generator: Generator) -> tuple[float, Tensor]:
        images = augment(unit_range(self.pixels[chosen]), STRENGTH, generator)
        logits = self.net(images.to(self.device, memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, self.labels[chosen].to(self.device), label_smoothing=LABEL_SMOOTHING)
        self.learner.learn(loss, step, one_cycle(step, self.epochs * self.steps_an_epoch, LEARNING_RATE))
        return loss.item(), logits.detach().argmax(dim=1)

    def body(self) -> dict[str, Tensor]:
        """The averaged net's body: what fine-tuning starts from."""
        return {name: tensor.cpu().clone() for name, tensor in self.learner.average.body.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """All that the next epochs need, as tensors and plain data. Their random state is their number."""
        return self.learner.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state` was taken."""
        self.learner.restore(state)


def fine_tuning(hyperparameters: Hyperparameters) -> Hyperparameters:
    """The hyperparameters to fine-tune a pretrained body with: a fifth of the peak rate, all else the same."""
    return replace(hyperparameters, learning_rate=FINE_TUNING_SHARE * hyperparameters.learning_rate)


def _for_classes(classes: tuple[str, ...], like: Classifier) -> Classifier:
    net = build_classifier(replace(like.config, classes=classes, pretrained=False))
    net.stem.copy_(like.stem)
    return net


class _Estimate:
    """Says once, after the first batches, how long the others will take."""

    def __init__(self, log: Callable[[str], None], clock: Callable[[], float], device: str) -> None:
        self.log, self.clock, self.device = log, clock, device
        self.batches = 0
        self.started = 0.0

    def batch_done(self, left: int) -> None:
        self.batches += 1
        if self.batches == FIRST_BATCH - 1:
            self.started = self.clock()
        elif self.batches == LAST_BATCH:
            seconds = left * (self.clock() - self.started) / (LAST_BATCH - FIRST_BATCH + 1)
            self.log(f"pretraining on {self.device}: about {seconds / 60:.1f} minutes to go")
