"""Residual networks of a given depth (He et al., "Deep Residual Learning for Image Recognition", 2015).

20, 32, 44, 56 and 110 layers are the paper's networks for CIFAR: three stages of 16, 32 and 64 channels, shortcuts
without parameters. 18 to 200 layers are those for ImageNet: four stages of 64 to 512 channels, shortcuts by projection,
bottlenecks from 50 layers on. Where the image has at most 32 pixels a side, these begin with a 3x3 convolution and no
pooling, as MXNet's public symbol file has it. Colours are normalised by the network itself, as there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .hyperparameters import CIFAR_LAYERS
from .values import ImageShape

IMAGENET_BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
IMAGENET_CHANNELS = (64, 128, 256, 512)
CIFAR_CHANNELS = (16, 32, 64)
FIRST_WITH_BOTTLENECKS = 50
EXPANSION = 4
SMALL_SIDE = 32


class Padded(nn.Module):
    """A shortcut without parameters: every so many pixels, and zeros for the channels that are new."""

    def __init__(self, added: int, stride: int) -> None:
        super().__init__()
        self._added, self._stride = added, stride

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x[:, :, :: self._stride, :: self._stride], (0, 0, 0, 0, 0, self._added))


class Block(nn.Module):
    """Convolutions, each with its normalisation, beside a shortcut."""

    def __init__(self, convolutions: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.convolutions = convolutions
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.convolutions(x) + self.shortcut(x))


def residual_network(num_layers: int, shape: ImageShape, num_classes: int) -> nn.Sequential:
    """A network from uint8 or float pixels (number x channels x height x width, 0 to 255) to a score for each class."""
    if num_layers in CIFAR_LAYERS:
        body, channels = _cifar_body(num_layers, shape.channels)
    else:
        body, channels = _imagenet_body(num_layers, shape)
    normalise = nn.BatchNorm2d(shape.channels, affine=False)
    network = nn.Sequential(normalise, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
    # the types of torch do not know this overload
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _cifar_body(num_layers: int, channels: int) -> tuple[list[nn.Module], int]:
    body: list[nn.Module] = [_convolution(channels, CIFAR_CHANNELS[0], 3), nn.ReLU(inplace=True)]
    into = CIFAR_CHANNELS[0]
    for stage, out in enumerate(CIFAR_CHANNELS):
        for number in range((num_layers - 2) // 6):
            stride = 2 if stage and not number else 1
            shortcut = nn.Identity() if into == out else Padded(out - into, stride)
            body.append(Block(_basic(into, out, stride), shortcut))
            into = out
    return body, into


def _imagenet_body(num_layers: int, shape: ImageShape) -> tuple[list[nn.Module], int]:
    into = IMAGENET_CHANNELS[0]
    if max(shape.height, shape.width) <= SMALL_SIDE:
        body: list[nn.Module] = [_convolution(shape.channels, into, 3), nn.ReLU(inplace=True)]
    else:
        body = [_convolution(shape.channels, into, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    bottlenecks = num_layers >= FIRST_WITH_BOTTLENECKS
    for stage, (width, count) in enumerate(zip(IMAGENET_CHANNELS, IMAGENET_BLOCKS[num_layers], strict=True)):
        out = width * EXPANSION if bottlenecks else width
        for number in range(count):
            stride = 2 if stage and not number else 1
            shortcut = nn.Identity() if into == out else _convolution(into, out, 1, stride)
            convolutions = _bottleneck(into, width, stride) if bottlenecks else _basic(into, width, stride)
            body.append(Block(convolutions, shortcut))
            into = out
    return body, into


def _basic(into: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(_convolution(into, out, 3, stride), nn.ReLU(inplace=True), _convolution(out, out, 3))


def _bottleneck(into: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        _convolution(into, width, 1),
        nn.ReLU(inplace=True),
        _convolution(width, width, 3, stride),
        nn.ReLU(inplace=True),
        _convolution(width, width * EXPANSION, 1),
    )


def _convolution(into: int, out: int, size: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(into, out, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out))
