"""Losses, probabilities and accuracies, of images with one class each or with several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .dataset import Labels
from .hyperparameters import Hyperparameters

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(hyperparameters: Hyperparameters, labels: Labels) -> Loss:
    """Cross-entropy over the classes, or one for each class where there may be several.

    With `use_weighted_loss` an image that has a class weighs as many times more as there are images without it.
    """
    if not hyperparameters.multi_label:
        return functional.cross_entropy
    weights = None
    if hyperparameters.use_weighted_loss:
        having = torch.from_numpy(labels).sum(0).clamp(min=1).float()
        weights = (len(labels) - having).clamp(min=1) / having

    def loss(scores: Tensor, classes: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(scores, classes.float(), pos_weight=weights)

    return loss


def probabilities(scores: Tensor, multi_label: bool) -> Tensor:
    """Of each class: together 1, or each for itself where an image may have several."""
    return scores.sigmoid() if multi_label else scores.softmax(1)


@dataclass
class Accuracy:
    """Counts of right answers; with several classes an image, each of them is an answer. `top_k` counts with one."""

    multi_label: bool
    top_k: int | None = None
    right: int = 0
    right_in_top_k: int = 0
    answers: int = 0

    def add(self, scores: Tensor, labels: Tensor) -> None:
        """Count a batch."""
        if self.multi_label:
            self.right += int(((scores > 0) == (labels > 0)).sum())
            self.answers += labels.numel()
            return
        self.right += int((scores.argmax(1) == labels).sum())
        self.answers += len(labels)
        if self.top_k:
            self.right_in_top_k += int((scores.topk(self.top_k).indices == labels[:, None]).sum())

    @property
    def value(self) -> float:
        """From 0 to 1."""
        return self.right / self.answers

    @property
    def top_k_value(self) -> float | None:
        """From 0 to 1; none without `top_k`, or with several classes an image."""
        return self.right_in_top_k / self.answers if self.top_k and not self.multi_label else None
