"""Random changes of training pictures that keep what they show, drawn from the generator handed in."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


@dataclass(frozen=True)
class AugmentationStrength:
    """How far a picture may be changed: degrees, a ratio of sizes, pixels, a ratio of intensities."""

    rotation_degrees: float = 15.0
    scale: float = 1.2
    shift_pixels: float = 3.0
    intensity: float = 1.25
    hole_pixels: int = 8
    mixup_alpha: float = 0.2
    paste_share: float = 0.5  # of the batches: those that are pasted into rather than mixed


def augment(images: Tensor, strength: AugmentationStrength, generator: Generator) -> Tensor:
    """Change each picture on its own: N x 3 x H x W in 0..1, in and out."""
    moved = move(images, strength, generator)
    relit = change_light(moved, strength.intensity, generator)
    return cut_hole(relit, strength.hole_pixels, generator)


def move(images: Tensor, strength: AugmentationStrength, generator: Generator) -> Tensor:
    """Mirror half of the pictures; rotate, scale and shift all, in one resampling, reflecting the border."""
    count, _, height, width = images.shape
    angle = _uniform(count, strength.rotation_degrees, generator) * (math.pi / 180)
    scale = torch.exp(_uniform(count, math.log(strength.scale), generator))
    mirror = torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1.0
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = angle.cos() * scale * mirror
    matrix[:, 0, 1] = -angle.sin() * scale
    matrix[:, 1, 0] = angle.sin() * scale * mirror
    matrix[:, 1, 1] = angle.cos() * scale
    matrix[:, 0, 2] = _uniform(count, 2 * strength.shift_pixels / width, generator)  # a picture spans -1..1
    matrix[:, 1, 2] = _uniform(count, 2 * strength.shift_pixels / height, generator)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def change_light(images: Tensor, ratio: float, generator: Generator) -> Tensor:
    """Multiply contrast and brightness by up to `ratio` either way, and clip to 0..1."""
    count = len(images)
    contrast = torch.exp(_uniform(count, math.log(ratio), generator)).view(-1, 1, 1, 1)
    brightness = torch.exp(_uniform(count, math.log(ratio), generator)).view(-1, 1, 1, 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return ((images - mean) * contrast + mean * brightness).clamp(0.0, 1.0)


def cut_hole(images: Tensor, size: int, generator: Generator) -> Tensor:
    """Paint a square of `size` pixels, somewhere in each picture, with the picture's mean colour."""
    count, _, height, width = images.shape
    if size == 0:
        return images
    top = torch.randint(0, height - size + 1, (count, 1, 1, 1), generator=generator)
    left = torch.randint(0, width - size + 1, (count, 1, 1, 1), generator=generator)
    rows = torch.arange(height).view(1, 1, -1, 1)
    columns = torch.arange(width).view(1, 1, 1, -1)
    hole = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    return torch.where(hole, images.mean(dim=(2, 3), keepdim=True), images)


def mix(images: Tensor, targets: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Mixup: blend the batch with a shuffled copy of itself. Images N x ..., targets N x classes.

    Each picture keeps at least half. The share is drawn from Beta(alpha, alpha).
    """
    if alpha == 0:
        return images, targets
    share = _beta(alpha, generator)
    order = torch.randperm(len(images), generator=generator)
    return images.lerp(images[order], 1 - share), targets.lerp(targets[order], 1 - share)


def mix_or_paste(
    images: Tensor, targets: Tensor, strength: AugmentationStrength, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Paste into some batches, and mix the others."""
    if torch.rand(1, generator=generator).item() < strength.paste_share:
        return paste(images, targets, generator)
    return mix(images, targets, strength.mixup_alpha, generator)


def paste(images: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """CutMix: put a window of another picture into each, one window for the batch, of any size.

    Images N x 3 x H x W, targets N x classes; these are shared by area.
    """
    _, _, height, width = images.shape
    side = math.sqrt(torch.rand(1, generator=generator).item())
    rows, columns = int(height * side), int(width * side)
    top = int(torch.randint(0, height - rows + 1, (1,), generator=generator))
    left = int(torch.randint(0, width - columns + 1, (1,), generator=generator))
    order = torch.randperm(len(images), generator=generator)
    pasted = images.clone()
    pasted[:, :, top : top + rows, left : left + columns] = images[order, :, top : top + rows, left : left + columns]
    return pasted, targets.lerp(targets[order], rows * columns / (height * width))


def _beta(alpha: float, generator: Generator) -> float:
    """Johnk's method, as torch.distributions takes no generator; the larger of the two shares."""
    while True:
        first, second = (torch.rand(2, generator=generator, dtype=torch.float64) ** (1 / alpha)).tolist()
        if 0 < first + second <= 1:
            return float(max(first, second) / (first + second))


def _uniform(count: int, reach: float, generator: Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * reach
