"""What a net that has learnt ImageNet sees in a picture, and one linear layer on it: fixed features, fitted weights.

The net is EfficientNet-Lite0 up to its sixth stage, its padding and batch norms as TensorFlow has them:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Travels with the model
(code/imagenet_features.py): imports only torch.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RESOLUTION = 96  # pixels that a picture is enlarged to: the net knows larger things than 32 pixels hold
STEM_CHANNELS = 32
EPSILON = 1e-3


class Stage(NamedTuple):
    """Blocks of one width. The first has the stride; `expansion` is the ratio of its inner channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
)
READ_STAGES = (3, 4, 5)  # whose averages over the picture are the features: what is found earlier is too simple
FEATURES = sum(STAGES[stage].channels for stage in READ_STAGES)


class Convolution(nn.Sequential):
    """A convolution with its batch norm, padded as TensorFlow does: with stride 2 more below and right."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        super().__init__(
            nn.ZeroPad2d((before, after, before, after)),
            nn.Conv2d(channels_in, channels_out, kernel, stride, groups=groups, bias=False),
            nn.BatchNorm2d(channels_out, eps=EPSILON),
        )


class InvertedResidual(nn.Module):
    """Expand, filter each channel by itself, project: N x C x H x W to N x C' x H/stride x W/stride."""

    def __init__(self, channels_in: int, channels_out: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = channels_in * stage.expansion
        self.expand = Convolution(channels_in, inner, 1) if stage.expansion > 1 else None
        self.filter = Convolution(inner, inner, stage.kernel, stride, groups=inner)
        self.project = Convolution(inner, channels_out, 1)
        self.adds = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        inner = x if self.expand is None else F.relu6(self.expand(x))
        projected: Tensor = self.project(F.relu6(self.filter(inner)))
        return x + projected if self.adds else projected


class ImageNetScores(nn.Module):
    """Pixels in 0..1, N x 3 x H x W, to a score for each class, N x classes. Nothing in it is trained by steps."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths = [STEM_CHANNELS, *(stage.channels for stage in STAGES)]
        self.stem = Convolution(3, STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList(
            _blocks(channels_in, stage) for (channels_in, _), stage in zip(pairwise(widths), STAGES, strict=True)
        )
        self.weight: Tensor
        self.bias: Tensor
        self.register_buffer("weight", torch.zeros(classes, FEATURES))
        self.register_buffer("bias", torch.zeros(classes))
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    def train(self, mode: bool = True) -> "ImageNetScores":
        """Its batch norms stay as they were learnt, whatever is trained beside it."""
        return super().train(False)

    def features(self, images: Tensor) -> Tensor:
        """N x 3 x H x W to N x 384: how strongly each channel answers, averaged over the picture."""
        enlarged = F.interpolate(images, size=(RESOLUTION, RESOLUTION), mode="bicubic", align_corners=False)
        x = F.relu6(self.stem(enlarged.clamp(0, 1) * (255 / 128) - 127 / 128))
        found = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in READ_STAGES:
                found.append(x.mean(dim=(2, 3)))
        return torch.cat(found, dim=1)

    def forward(self, images: Tensor) -> Tensor:
        return F.linear(self.features(images), self.weight, self.bias)


def _blocks(channels_in: int, stage: Stage) -> nn.Sequential:
    first = InvertedResidual(channels_in, stage.channels, stage, stage.stride)
    others: Sequence[nn.Module] = [
        InvertedResidual(stage.channels, stage.channels, stage, 1) for _ in range(stage.blocks - 1)
    ]
    return nn.Sequential(first, *others)
