"""A training job as /opt/ml tells it: hyperparameters, channels, instance, and the folders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .dataset import Dataset, ListedImages, PackedImages
from .errors import CustomerError
from .hyperparameters import Hyperparameters, read_hyperparameters
from .lst import find_lst, read_lst
from .recordio import find_rec

IMAGES = ("application/x-image", "image/png", "image/jpeg")
RECORDIO = "application/x-recordio"
MODEL = "application/x-sagemaker-model"
ALWAYS = ("train", "validation")
WITH_IMAGES = ("train_lst", "validation_lst")
OPTIONAL = ("model",)
INVALID = "Unable to initialize the algorithm. Failed to validate input data configuration."


@dataclass(frozen=True)
class Job:
    """One job, its channels checked against each other; nothing of their data is read."""

    base: Path
    hyperparameters: Hyperparameters
    content_types: dict[str, str]
    instance_type: str

    @classmethod
    def read(cls, base: Path) -> Job:
        """Read input/config below `base` (/opt/ml). Raises CustomerError."""
        content_types = _content_types(_document(base, "inputdataconfig.json"))
        hyperparameters = read_hyperparameters(_document(base, "hyperparameters.json"), "model" in content_types)
        resources = _document(base, "resourceconfig.json")
        return cls(base, hyperparameters, content_types, resources.get("current_instance_type", "local"))

    @property
    def model_folder(self) -> Path:
        """Where the model goes."""
        return self.base / "model"

    def channel(self, name: str) -> Path:
        """The folder of a channel."""
        return self.base / "input" / "data" / name

    def dataset(self, channel: str) -> Dataset:
        """The images of `train` or `validation`. Raises CustomerError."""
        classes, multi_label = self.hyperparameters.num_classes, self.hyperparameters.multi_label
        if self.content_types[channel] == RECORDIO:
            return PackedImages(find_rec(self.channel(channel), channel), channel, classes, multi_label)
        lists = f"{channel}_lst"
        path = find_lst(self.channel(lists), lists)
        return ListedImages(read_lst(path, self.channel(channel), lists, classes, multi_label), multi_label)


def _document(base: Path, name: str) -> dict[str, Any]:
    path = base / "input" / "config" / name
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _content_types(channels: dict[str, Any]) -> dict[str, str]:
    """The content type of each channel, without its parameters; one family for all of the data."""
    found = {name: str(channel.get("ContentType", "")).split(";")[0].strip() for name, channel in channels.items()}
    _require(ALWAYS, found)
    with_images = found["train"] in IMAGES
    if with_images:
        _require(WITH_IMAGES, found)
    known = (*ALWAYS, *(WITH_IMAGES if with_images else ()), *OPTIONAL)
    for name, content_type in found.items():
        if name not in known:
            raise CustomerError(f"{INVALID} Additional properties are not allowed ({name!r} was unexpected)")
        allowed = (MODEL,) if name == "model" else IMAGES if with_images else (RECORDIO,)
        if content_type not in allowed:
            said = repr(content_type) if content_type else "none"
            wanted = " or ".join((*IMAGES, RECORDIO) if name == "train" else allowed)
            raise CustomerError(f"{INVALID} ContentType of the {name} channel is {said}, not {wanted}")
    return found


def _require(names: tuple[str, ...], found: dict[str, str]) -> None:
    for name in names:
        if name not in found:
            raise CustomerError(f"{INVALID} {name!r} is a required property")
