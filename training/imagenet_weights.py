"""The published weights of EfficientNet-Lite0, learnt from ImageNet-1k, under the names that `ImageNetScores` has."""

import hashlib
import io
from pathlib import Path

import torch
from failure import TrainingRefused
from imagenet_features import STAGES, ImageNetScores

FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LEARNT = ("weight", "bias", "running_mean", "running_var")


class PretrainedModelUnusable(TrainingRefused):
    """The published weights are not in the channel, or are not those that this code was written for."""


def load_imagenet_weights(scores: ImageNetScores, folder: Path) -> None:
    """Set the net's weights from the channel's folder; what classes are told by is left alone.

    Raises PretrainedModelUnusable.
    """
    published = torch.load(io.BytesIO(read_weights(folder / FILE)), map_location="cpu", weights_only=True)
    state = scores.state_dict()
    for ours, theirs in layer_names().items():
        for name in LEARNT:
            if f"{ours}.{name}" in state:
                state[f"{ours}.{name}"].copy_(published[f"{theirs}.{name}"])


def read_weights(file: Path) -> bytes:
    """The file's content, checked before anything reads it. Raises PretrainedModelUnusable."""
    without = "or train without: --use-pretrained-model 0"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PretrainedModelUnusable(
            f"no {file.name} in {file.parent}, which the channel pretrained_model should bring: add it, {without}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise PretrainedModelUnusable(f"{file} has SHA-256 {found} and not {SHA256}: take the published one, {without}")
    return content


def layer_names() -> dict[str, str]:
    """Our names of the convolutions and batch norms, and the published ones of the same layers."""
    names = {"stem.1": "_conv_stem", "stem.2": "_bn0"}
    published = 0
    for number, stage in enumerate(STAGES):
        for block in range(stage.blocks):
            ours, theirs = f"stages.{number}.{block}", f"_blocks.{published}"
            if stage.expansion > 1:
                names |= {f"{ours}.expand.1": f"{theirs}._expand_conv", f"{ours}.expand.2": f"{theirs}._bn0"}
            names |= {f"{ours}.filter.1": f"{theirs}._depthwise_conv", f"{ours}.filter.2": f"{theirs}._bn1"}
            names |= {f"{ours}.project.1": f"{theirs}._project_conv", f"{ours}.project.2": f"{theirs}._bn2"}
            published += 1
    return names
