"""Fits a classifier to labelled images, an epoch at a time; seed and epoch decide all that is random."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from arguments import Hyperparameters
from augmentation import AugmentationStrength, augment, mix_or_paste
from failure import TrainingRefused
from image_list import LabelledImages
from imagenet_features import ImageNetScores
from learner import Learner
from model import Classifier, ModelConfig, build_classifier, unit_range
from one_cycle import one_cycle
from torch import Generator, Tensor
from whitening import whitening_filters

WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.05
# Found by cross-validation over the training images: the weight of the pretrained model's scores beside the net's
# logits, and what makes the sum of both, or the net alone, as sure as it is right.
IMAGENET_EVIDENCE = 10.0
TEMPERATURE = 1.67
NET_TEMPERATURE = 0.66  # below 1: smoothing and mixing teach the net to doubt
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

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        train: LabelledImages,
        body: Mapping[str, Tensor] | None = None,
        imagenet: ImageNetScores | None = None,
    ) -> None:
        """`body` is the state of a pretrained `Classifier.body` to start from, of the same width. `imagenet` was fitted
        to the same images, and answers beside the net."""
        torch.manual_seed(hyperparameters.seed)
        self.hyperparameters = hyperparameters
        self.labels = train.labels
        self.images = unit_range(train.pixels)
        self.steps_an_epoch = math.ceil(len(train) / hyperparameters.batch_size)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        net = untrained(hyperparameters, self.images, pretrained=imagenet is not None)
        if body is not None:
            net.body.load_state_dict(body)
        self.net = net.to(self.device)
        self.imagenet = None if imagenet is None else imagenet.to(self.device)
        self.learner = Learner(self.net, WEIGHT_DECAY)
        self._validation: LabelledImages | None = None
        self._fixed_scores = torch.zeros(1)  # of these images; they do not change from epoch to epoch

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
        images, targets = mix_or_paste(images, targets, AugmentationStrength(), generator)
        images = images.to(self.device, memory_format=torch.channels_last)
        logits = self.net(images)
        loss = F.cross_entropy(logits, targets.to(self.device), label_smoothing=LABEL_SMOOTHING)
        total_steps = self.hyperparameters.epochs * self.steps_an_epoch
        self.learner.learn(loss, step, one_cycle(step, total_steps, self.hyperparameters.learning_rate))
        return loss.item(), logits.detach()

    def validate(self, validation: LabelledImages) -> Figures:
        """Judge the averaged net as serving would: by each picture, its mirror image and its features."""
        net = self.learner.average
        if self._validation is not validation:
            self._validation, self._fixed_scores = validation, self._of_batches(self.imagenet, validation)
        evidence = self._of_batches(net.mirrored, validation) + self._fixed_scores
        answers = F.log_softmax(evidence / net.config.temperature, dim=1)
        accuracy = (answers.argmax(dim=1) == validation.labels).float().mean().item()
        return Figures(F.nll_loss(answers, validation.labels).item(), accuracy)

    @torch.no_grad()
    def _of_batches(self, judge: Callable[[Tensor], Tensor] | None, judged: LabelledImages) -> Tensor:
        if judge is None:
            return torch.zeros(1)
        batches = judged.pixels.split(VALIDATION_BATCH)
        return torch.cat([judge(unit_range(pixels).to(self.device)).cpu() for pixels in batches])

    def fitted(self) -> Classifier:
        """The averaged net, and beside it what was fitted to the features: what to save."""
        net = copy.deepcopy(self.learner.average)
        net.imagenet = self.imagenet
        return net

    def state(self) -> dict[str, Any]:
        """All that the next epochs need, as tensors and plain data. Their random state is their number."""
        return self.learner.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state` was taken."""
        self.learner.restore(state)


def untrained(hyperparameters: Hyperparameters, images: Tensor, pretrained: bool = False) -> Classifier:
    """A net on the stem of `images` (N x 3 x H x W in 0..1), from torch's global generator."""
    deviation, mean = torch.std_mean(images, dim=(0, 2, 3))
    net = build_classifier(
        ModelConfig(
            classes=hyperparameters.classes,
            width=hyperparameters.width,
            mean=_three(mean),
            std=_three(deviation.clamp_min(1 / 255)),  # one flat colour everywhere has no deviation
            temperature=TEMPERATURE if pretrained else NET_TEMPERATURE,
            pretrained=pretrained,
        )
    )
    net.stem.copy_(whitening_filters(net.normalise(images)))
    return net


def _three(channels: Tensor) -> tuple[float, float, float]:
    red, green, blue = channels.tolist()
    return red, green, blue
