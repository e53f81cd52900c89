"""Fits the one linear layer of `ImageNetScores` in closed form, by ridge regression on the fixed features."""

from pathlib import Path

import torch
import torch.nn.functional as F
from image_list import LabelledImages
from imagenet_features import READ_STAGES, STAGES, ImageNetScores
from imagenet_weights import load_imagenet_weights
from model import unit_range
from torch import Tensor

RIDGE = 0.8  # against a kernel whose mean diagonal is 1; found by cross-validation
BATCH = 20  # more do not fit into the cache


def fit_imagenet_scores(train: LabelledImages, classes: int, evidence: float, weights: Path) -> ImageNetScores:
    """Scores for `classes`, learnt from each picture and its mirror image.

    The regression's targets are 1 for a picture's own class and 0 for others, less their mean; what it answers is
    multiplied by `evidence`: so many logits are the surest worth. Takes memory for a square matrix of twice the images.
    `weights` is the folder of the published file. Raises PretrainedModelUnusable.
    """
    scores = ImageNetScores(classes).eval()
    load_imagenet_weights(scores, weights)
    images = unit_range(train.pixels)
    features = features_of(scores, torch.cat([images, images.flip(3)]))
    deviation, mean = torch.std_mean(features, dim=0, correction=0)
    deviation = deviation + 1e-3 * deviation.mean() + 1e-8  # a feature that always answers alike says nothing
    scale = feature_weights() / deviation
    targets = F.one_hot(train.labels, classes).double().repeat(2, 1)
    base = targets.mean(dim=0)
    weight = evidence * ridge_weights((features - mean) * scale, targets - base) * scale
    scores.weight.copy_(weight)
    scores.bias.copy_(-weight @ mean)
    return scores


@torch.no_grad()
def features_of(scores: ImageNetScores, images: Tensor) -> Tensor:
    """N x 3 x H x W in 0..1 to N x 384, so many at a time."""
    pictures = images.contiguous(memory_format=torch.channels_last)
    return torch.cat([scores.features(batch) for batch in pictures.split(BATCH)])


def feature_weights() -> Tensor:
    """What each feature counts for: every stage the same, the squares of all summing to 1."""
    widths = [STAGES[stage].channels for stage in READ_STAGES]
    return torch.cat([torch.full((width,), (len(widths) * width) ** -0.5) for width in widths])


def ridge_weights(features: Tensor, targets: Tensor) -> Tensor:
    """Weights, targets x features, of the ridge regression of `targets` (N x targets) on `features` (N x features)."""
    kernel = (features @ features.T).double()
    dual = torch.linalg.solve(kernel + RIDGE * torch.eye(len(kernel), dtype=torch.float64), targets)
    return dual.float().T @ features
