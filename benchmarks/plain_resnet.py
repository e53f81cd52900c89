"""The notebook way to train: a plain CIFAR ResNet, with what its readers know from every tutorial.

ResNet-20 of "Deep Residual Learning for Image Recognition" (He et al., 2015, section 4.2): a 3 x 3 convolution, three
stages of three basic blocks of 16, 32 and 64 channels, average pooling, a linear layer. SGD with momentum 0.9 and
weight decay 5e-4, a cosine from 0.1 to 0, mirrored and cropped after padding by four, no more. As a process of its
own: pictures and .lst files in, one JSON object out; its accuracy is taken on the test split at the end, once.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

BATCH = 32
PEAK_RATE, MOMENTUM, WEIGHT_DECAY = 0.1, 0.9, 5e-4
PADDING = 4


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(inner)) + self.shortcut(x))


def resnet20(classes: int) -> nn.Sequential:
    """About 270,000 weights."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for width in (16, 32, 64):
        for block in range(3):
            layers.append(BasicBlock(before, width, 2 if block == 0 and width > 16 else 1))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, classes))


def read_split(data: Path, split: str) -> tuple[Tensor, Tensor]:
    """Pictures as floats N x 3 x 32 x 32 in 0..1, and their labels, from DATA/SPLIT and DATA/SPLIT_lst/SPLIT.lst."""
    lines = (data / f"{split}_lst" / f"{split}.lst").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    pixels = np.stack([np.asarray(Image.open(data / split / name).convert("RGB")) for _, _, name in rows])
    pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    return pictures, torch.tensor([int(float(label)) for _, label, _ in rows])


def augmented(pictures: Tensor) -> Tensor:
    """Each mirrored by a coin, and a window of its size out of the picture padded with black."""
    size = pictures.shape[-1]
    mirrored = torch.where(torch.rand(len(pictures), 1, 1, 1) < 0.5, pictures.flip(-1), pictures)
    padded = functional.pad(mirrored, (PADDING,) * 4)
    corners = torch.randint(0, 2 * PADDING + 1, (len(pictures), 2)).tolist()
    return torch.stack(
        [picture[:, top : top + size, left : left + size] for picture, (top, left) in zip(padded, corners, strict=True)]
    )


def train_epoch(net: nn.Module, optimiser: torch.optim.Optimizer, pictures: Tensor, labels: Tensor) -> None:
    net.train()
    for chosen in torch.randperm(len(pictures)).split(BATCH):
        optimiser.zero_grad()
        functional.cross_entropy(net(augmented(pictures[chosen])), labels[chosen]).backward()
        optimiser.step()


def accuracy(net: nn.Module, pictures: Tensor, labels: Tensor) -> float:
    """The share answered rightly, 0..1."""
    net.eval()
    with torch.inference_mode():
        return float((net(pictures).argmax(1) == labels).float().mean())


def run(data: Path, seed: int, epochs: int) -> dict[str, float]:
    """Train on what there is to train on (train and validation together) and score once, at the end."""
    torch.manual_seed(seed)
    parts = [read_split(data, split) for split in ("train", "validation")]
    pictures, labels = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
    mean, deviation = pictures.mean((0, 2, 3), keepdim=True), pictures.std((0, 2, 3), keepdim=True)
    pictures = (pictures - mean) / deviation
    net = resnet20(int(labels.max()) + 1)
    optimiser = torch.optim.SGD(net.parameters(), PEAK_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    began = time.perf_counter()
    for _ in range(epochs):
        train_epoch(net, optimiser, pictures, labels)
        schedule.step()
    seconds = time.perf_counter() - began
    test_pictures, test_labels = read_split(data, "test")
    share = accuracy(net, (test_pictures - mean) / deviation, test_labels)
    return {"seed": seed, "epochs": epochs, "training_seconds": round(seconds, 2), "accuracy": round(share, 4)}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that processing.extract_cifar wrote")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    given = parser.parse_args(arguments)
    print(json.dumps(run(given.data, given.seed, given.epochs)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
