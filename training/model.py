"""The classifier: a small residual net on a fixed whitening stem, beside it what ImageNet's features say, and its file.

Travels with the model (code/model.py): imports only torch and imagenet_features.py.
"""

import io
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from imagenet_features import ImageNetScores
from torch import Tensor, nn

MODEL_FILE = "model.pt"
FILE_FORMAT = 3
IMAGE_SIZE = 32
MALFORMED = (  # what torch.load and the rebuilding raise when a file is not what they expect
    *(OSError, EOFError, RuntimeError, LookupError, TypeError, ValueError, AttributeError),
    pickle.UnpicklingError,
)
LOGIT_SCALE = 0.125  # global max pooling gives large features: a start near even odds
STEM_CHANNELS = 24  # 12 eigenvectors of a 2x2x3 patch, and their negatives


class ModelFileInvalid(ValueError):
    """A model.pt that is damaged, or is not one that this code wrote."""


@dataclass(frozen=True)
class ModelConfig:
    """What it takes, besides the weights, to rebuild the net and read its answers.

    `mean` and `std` are per channel over pixels in 0..1; `temperature` divides the logits of answers.
    With `pretrained` the features of a net that has learnt ImageNet are asked too; without, the net answers alone.
    """

    classes: tuple[str, ...]
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    temperature: float
    pretrained: bool = False


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around an identity: N x C x H x W in and out."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _conv3x3(channels, channels)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = _conv3x3(channels, channels)
        self.norm2 = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm2.weight)  # the block starts as the identity

    def forward(self, x: Tensor) -> Tensor:
        inner = F.gelu(self.norm1(self.conv1(x)))
        return F.gelu(x + self.norm2(self.conv2(inner)))


class Downsample(nn.Module):
    """A 2x2 max pool, then a 3x3 convolution to more channels: N x C x H x W to N x C' x H/2 x W/2."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = _conv3x3(channels_in, channels_out)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.norm(self.conv(F.max_pool2d(x, 2))))


class Classifier(nn.Module):
    """Pixels in 0..1, N x 3 x 32 x 32, to the net's logits, N x classes; `evidence` is what it answers with.

    `stem` stays as `whitening.py` computed it; body and head are trained. `imagenet` is put beside them once it is
    fitted (`imagenet_fitting.py`), and is no part of what learns.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.stem: Tensor
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("stem", torch.zeros(STEM_CHANNELS, 3, 2, 2))
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1), persistent=False)
        self.body = nn.Sequential(
            Downsample(STEM_CHANNELS, 2 * width),
            ResidualBlock(2 * width),
            Downsample(2 * width, 4 * width),
            ResidualBlock(4 * width),
            Downsample(4 * width, 8 * width),
            ResidualBlock(8 * width),
        )
        self.head = nn.Linear(8 * width, len(config.classes), bias=False)
        self.imagenet: ImageNetScores | None = None

    def normalise(self, images: Tensor) -> Tensor:
        """Pixels in 0..1 to zero mean and unit deviation over the training images, as the stem takes them."""
        return (images - self.mean) / self.std

    def forward(self, images: Tensor) -> Tensor:
        whitened = F.gelu(F.conv2d(self.normalise(images), self.stem))
        features = self.body(whitened).amax(dim=(2, 3))
        logits: Tensor = self.head(features) * LOGIT_SCALE
        return logits

    def mirrored(self, images: Tensor) -> Tensor:
        """The net's logits, N x classes, averaged over picture and mirror image."""
        logits: Tensor = (self(images) + self(images.flip(3))) / 2
        return logits

    def evidence(self, images: Tensor) -> Tensor:
        """What the answer rests on, N x classes: the net's logits and what ImageNet's features say."""
        net = self.mirrored(images)
        return net if self.imagenet is None else net + self.imagenet(images)


def build_classifier(config: ModelConfig) -> Classifier:
    """An untrained net, drawn from torch's global generator, in the memory layout that is fastest on CPUs."""
    net = Classifier(config)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    return net


def unit_range(pixels: Tensor) -> Tensor:
    """uint8 pixels, N x 3 x H x W, to what the net takes: floats in 0..1, channels last."""
    return pixels.float().div_(255).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def log_probabilities(net: Classifier, pixels: Tensor) -> Tensor:
    """The answer, N x classes, to uint8 pixels, N x 3 x 32 x 32."""
    return F.log_softmax(net.evidence(unit_range(pixels)) / net.config.temperature, dim=1)


def pack_classifier(net: Classifier) -> bytes:
    """The content of model.pt: tensors and plain data only, so that it loads with weights_only."""
    content = io.BytesIO()
    torch.save({"format": FILE_FORMAT, "config": asdict(net.config), "state_dict": net.state_dict()}, content)
    return content.getvalue()


def load_classifier(path: Path) -> Classifier:
    """Read a model.pt back, ready to answer. Raises ModelFileInvalid if it is missing or damaged."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["format"] != FILE_FORMAT:
            raise ModelFileInvalid(f"{path} has format {content['format']}, this code reads {FILE_FORMAT}")
        values = content["config"]
        config = ModelConfig(
            classes=tuple(values["classes"]),
            width=values["width"],
            mean=tuple(values["mean"]),
            std=tuple(values["std"]),
            temperature=values["temperature"],
            pretrained=values["pretrained"],
        )
        net = build_classifier(config)
        net.imagenet = ImageNetScores(len(config.classes)) if config.pretrained else None
        net.load_state_dict(content["state_dict"])
    except ModelFileInvalid:
        raise
    except MALFORMED as error:
        raise ModelFileInvalid(f"{path} is not a model that train.py wrote: {error}") from error
    return net.eval()


def _conv3x3(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1, bias=False)
