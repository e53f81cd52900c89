"""Fits `PatchScores` in closed form: whitening and filters from the training patches, weights by ridge regression."""

import torch
import torch.nn.functional as F
from augmentation import AugmentationStrength, move
from image_list import LabelledImages
from model import unit_range
from patches import COLUMNS, CONTRAST_FLOOR, PATCH_SIZE, PatchScores, Whitening, column_weights
from torch import Generator, Tensor

SAMPLED_PATCHES = 60_000  # for the whitening
EPSILON = 0.01  # keeps the weakest directions, which are mostly noise, from being blown up
RIDGE = 0.1  # against a kernel whose mean diagonal is 1; found by cross-validation
MOVED_COPIES = 3  # of each picture, to learn that a moved one shows the same
MOVES = AugmentationStrength(rotation_degrees=10, scale=1.15, shift_pixels=2)
BATCH = 4  # responses of many more would not fit into the cache, and take twice as long


def fit_patches(train: LabelledImages, classes: int, filters: int, evidence: float, seed: int) -> PatchScores:
    """Scores for `classes`, of `filters` filters (1..60,000), worth `evidence` logits where they are surest.

    The regression's targets are 1 for a picture's own class and 0 for others, less their mean; what it answers is
    multiplied by `evidence`. Takes memory for a square matrix of all images and their moved copies.
    """
    images = unit_range(train.pixels)
    scores = PatchScores(filters, classes)
    chance = Generator().manual_seed(seed)
    draw_filters(scores, images, chance)
    copies = [images, *(move(images, MOVES, chance) for _ in range(MOVED_COPIES))]
    pictures = torch.cat(copies).contiguous(memory_format=torch.channels_last)
    features = torch.cat([scores.features(batch) for batch in pictures.split(BATCH)])
    deviation, mean = torch.std_mean(features, dim=0, correction=0)
    deviation = deviation + 1e-3 * deviation.mean() + 1e-8  # a filter that always answers alike says nothing
    scale = column_weights(filters) / deviation
    targets = F.one_hot(train.labels, classes).double().repeat(len(copies), 1)
    base = targets.mean(dim=0)
    weight = evidence * ridge_weights((features - mean) * scale, targets - base) * scale
    scores.weight.copy_(weight)
    scores.bias.copy_(-weight @ mean)
    return scores.eval()


def draw_filters(scores: PatchScores, images: Tensor, generator: Generator) -> None:
    """Set the whitening to that of patches of `images`, and the filters to some of these patches, whitened."""
    patches = sample_patches(images, max(SAMPLED_PATCHES, len(scores.centres)), generator)
    scores.set_whitening(whitening_of(patches))
    whitened = patches @ scores.whitening.flatten(1).T - scores.whitened_mean
    scores.centres.copy_(F.normalize(whitened[: len(scores.centres)]).view(scores.centres.shape))


def sample_patches(images: Tensor, count: int, generator: Generator) -> Tensor:
    """`count` patches from random places, as rows with mean 0 and deviation 1 (less for flat ones)."""
    height, width = images.shape[2] - PATCH_SIZE + 1, images.shape[3] - PATCH_SIZE + 1
    place = torch.randint(0, len(images) * height * width, (count,), generator=generator)
    index, top, left = place // (height * width), place // width % height, place % width
    windows = images.unfold(2, PATCH_SIZE, 1).unfold(3, PATCH_SIZE, 1)  # N x 3 x height x width x size x size
    rows = windows[index, :, top, left].reshape(count, COLUMNS)
    variance, mean = torch.var_mean(rows, dim=1, correction=0, keepdim=True)
    return (rows - mean) / (variance + CONTRAST_FLOOR).sqrt()


def whitening_of(patches: Tensor) -> Whitening:
    """Symmetric (ZCA) whitening, which leaves patches looking like patches."""
    rows = patches.double()
    mean = rows.mean(dim=0)
    rows = rows - mean
    eigenvalues, eigenvectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    matrix = eigenvectors @ torch.diag((eigenvalues + EPSILON).rsqrt()) @ eigenvectors.T
    return Whitening(mean.float(), matrix.float())


def ridge_weights(features: Tensor, targets: Tensor) -> Tensor:
    """Weights, targets x features, of the ridge regression of `targets` (N x targets) on `features` (N x features)."""
    kernel = (features @ features.T).double()
    dual = torch.linalg.solve(kernel + RIDGE * torch.eye(len(kernel), dtype=torch.float64), targets)
    return dual.float().T @ features
