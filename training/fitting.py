"""Fits a classifier to labelled images, an epoch at a time; seed and epoch decide all that is random."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from arguments import Hyperparameters
from augmentation import AugmentationStrength, augment, mix
from failure import TrainingRefused
from image_list import LabelledImages
from model import Classifier, ModelConfig, build_classifier, log_probabilities, unit_range
from moving_average import MovingAverage
from one_cycle import one_cycle
from torch import Generator, Tensor
from whitening import whitening_filters

MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.05
TEMPERATURE = 0.75  # smoothing and mixup teach the net to doubt; found by cross-validation
AVERAGE_DECAY = 0.99
VALIDATION_BATCH = 256


class LossNotFinite(TrainingRefused):
    """The loss became infinite or not a number."""


@dataclass(frozen=True)
class Figures:
    """Mean loss per image, and the share classified rightly (0..1)."""

    loss: float
    accuracy: float


class Fitting:
    """The net, its moving average and its optimiser, between epochs."""

    def __init__(self, hyperparameters: Hyperparameters, train: LabelledImages) -> None:
        torch.manual_seed(hyperparameters.seed)
        self.hyperparameters = hyperparameters
        self.labels = train.labels
        self.images = unit_range(train.pixels)
        self.steps_an_epoch = math.ceil(len(train) / hyperparameters.batch_size)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = _untrained(hyperparameters, self.images).to(self.device)
        self.average = MovingAverage(self.net, AVERAGE_DECAY)
        self.optimiser = torch.optim.SGD(
            self.net.parameters(),
            lr=hyperparameters.learning_rate,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=WEIGHT_DECAY,
        )

    def fit_epoch(self, epoch: int) -> Figures:
        """Go once over the images, as epoch number `epoch` (from 1). Raises LossNotFinite."""
        generator = Generator().manual_seed(self.hyperparameters.seed * 100_003 + epoch)
        self.net.train()
        total_loss = 0.0
        right = 0
        order = torch.randperm(len(self.labels), generator=generator)
        first_step = (epoch - 1) * self.steps_an_epoch
        for step, chosen in enumerate(order.tensor_split(self.steps_an_epoch), start=first_step):
            loss, logits = self._step(step, chosen, generator)
            if not math.isfinite(loss):
                rate = self.hyperparameters.learning_rate
                raise LossNotFinite(f"loss is {loss} in epoch {epoch}; lower --learning-rate (it is {rate})")
            total_loss += loss * len(chosen)
            right += int((logits.argmax(dim=1).cpu() == self.labels[chosen]).sum())
        return Figures(total_loss / len(self.labels), right / len(self.labels))

    def _step(self, step: int, chosen: Tensor, generator: Generator) -> tuple[float, Tensor]:
        images = augment(self.images[chosen], AugmentationStrength(), generator)
        targets = F.one_hot(self.labels[chosen], len(self.hyperparameters.classes)).float()
        images, targets = mix(images, targets, AugmentationStrength().mixup_alpha, generator)
        images = images.to(self.device, memory_format=torch.channels_last)
        logits = self.net(images)
        loss = F.cross_entropy(logits, targets.to(self.device), label_smoothing=LABEL_SMOOTHING)
        total_steps = self.hyperparameters.epochs * self.steps_an_epoch
        for group in self.optimiser.param_groups:
            group["lr"] = one_cycle(step, total_steps, self.hyperparameters.learning_rate)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.average.update(self.net, step + 1)
        return loss.item(), logits.detach()

    def validate(self, validation: LabelledImages) -> Figures:
        """Judge the averaged net as serving would: each picture with its mirror image."""
        answers = torch.cat(
            [
                log_probabilities(self.average.average, pixels.to(self.device)).cpu()
                for pixels in validation.pixels.split(VALIDATION_BATCH)
            ]
        )
        accuracy = (answers.argmax(dim=1) == validation.labels).float().mean().item()
        return Figures(F.nll_loss(answers, validation.labels).item(), accuracy)

    def fitted(self) -> Classifier:
        """The averaged net: what to save."""
        return self.average.average

    def state(self) -> dict[str, Any]:
        """All that the next epochs need, as tensors and plain data. Their random state is their number."""
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state` was taken."""
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])


def _untrained(hyperparameters: Hyperparameters, images: Tensor) -> Classifier:
    deviation, mean = torch.std_mean(images, dim=(0, 2, 3))
    net = build_classifier(
        ModelConfig(
            classes=hyperparameters.classes,
            width=hyperparameters.width,
            mean=_three(mean),
            std=_three(deviation.clamp_min(1 / 255)),  # one flat colour everywhere has no deviation
            temperature=TEMPERATURE,
        )
    )
    net.stem.copy_(whitening_filters(net.normalise(images)))
    return net


def _three(channels: Tensor) -> tuple[float, float, float]:
    red, green, blue = channels.tolist()
    return red, green, blue
