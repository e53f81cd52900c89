"""The model's files: image-classification-symbol.json, image-classification-NNNN.params, model-shapes.json.

They have the names and the parts of those that the real algorithm writes with MXNet, and are none of MXNet: the symbol
file says which network it is, the params file of an epoch holds torch's tensors and nothing else.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .hyperparameters import CIFAR_LAYERS, IMAGENET_LAYERS, Hyperparameters
from .network import residual_network
from .values import ImageShape

SYMBOL = "image-classification-symbol.json"
SHAPES = "model-shapes.json"
PARAMS = re.compile(r"image-classification-(\d{4,})\.params")
FORMAT = "residual-network-torch-1"


class ModelUnreadable(ValueError):
    """The files are not those of a model that this algorithm has written here."""


@dataclass(frozen=True)
class Architecture:
    """What makes two networks exchangeable."""

    num_layers: int
    image_shape: ImageShape
    num_classes: int
    multi_label: bool

    @classmethod
    def of(cls, hyperparameters: Hyperparameters) -> Architecture:
        """The architecture that a job asks for."""
        asked = hyperparameters
        return cls(asked.num_layers, asked.image_shape, asked.num_classes, asked.multi_label)

    def network(self) -> nn.Sequential:
        """A new network, its weights at random."""
        return residual_network(self.num_layers, self.image_shape, self.num_classes)


@dataclass(frozen=True)
class Model:
    """A network that has been trained."""

    architecture: Architecture
    network: nn.Sequential


def write_architecture(folder: Path, architecture: Architecture, batch: int) -> None:
    """Write the symbol file, and the shapes of a batch as MXNet's containers write them."""
    shape = architecture.image_shape
    modules = [
        {"name": name, "op": type(module).__name__, "attrs": module.extra_repr()}
        for name, module in architecture.network().named_modules()
        if not list(module.children())
    ]
    symbol = {"format": FORMAT, "architecture": asdict(architecture), "nodes": modules}
    _write(folder / SYMBOL, json.dumps(symbol, indent=1).encode())
    data = [{"name": "data", "shape": [batch, shape.channels, shape.height, shape.width]}]
    _write(folder / SHAPES, json.dumps(data).encode())


def write_params(folder: Path, epoch: int, network: nn.Module) -> Path:
    """Write the weights after so many epochs, counted from 1."""
    path = folder / f"image-classification-{epoch:04d}.params"
    temporary = path.with_name(f".{path.name}")
    torch.save({name: value.contiguous() for name, value in network.state_dict().items()}, temporary)
    os.replace(temporary, path)
    return path


def params_files(folder: Path) -> list[Path]:
    """The params files of a folder, by their epochs."""
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := PARAMS.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def load(folder: Path) -> Model:
    """The model of a folder, with the weights of its last epoch. Raises ModelUnreadable."""
    try:
        symbol = json.loads((folder / SYMBOL).read_text())
    except (OSError, ValueError) as error:
        raise ModelUnreadable(f"{SYMBOL} is not there or no JSON: {error}") from error
    architecture = _architecture(symbol)
    if not (files := params_files(folder)):
        raise ModelUnreadable("there is no image-classification-NNNN.params")
    network = architecture.network()
    try:
        network.load_state_dict(torch.load(files[-1], map_location="cpu", weights_only=True))
    except Exception as error:
        # torch has no one class for what a file can lack
        raise ModelUnreadable(f"{files[-1].name} does not hold the weights of this network: {error}") from error
    return Model(architecture, network.eval())


def _architecture(symbol: Any) -> Architecture:
    if not isinstance(symbol, dict) or symbol.get("format") != FORMAT:
        raise ModelUnreadable(
            f"{SYMBOL} is not of the format {FORMAT}: models that the real algorithm has trained are MXNet's, and "
            "cannot be run here"
        )
    try:
        told = symbol["architecture"]
        shape = ImageShape(**told["image_shape"])
        numbers = (told["num_layers"], told["num_classes"], shape.channels, shape.height, shape.width)
        if not all(type(number) is int and number > 0 for number in numbers):
            raise TypeError("a number that is none")
        if told["num_layers"] not in (*CIFAR_LAYERS, *IMAGENET_LAYERS):
            raise ValueError(f"{told['num_layers']} layers")
        return Architecture(told["num_layers"], shape, told["num_classes"], bool(told["multi_label"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnreadable(f"{SYMBOL} does not describe a network: {error}") from error


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
