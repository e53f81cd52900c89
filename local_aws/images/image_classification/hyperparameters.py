"""The algorithm's hyperparameters: names, types, ranges, defaults and dependencies.

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html. Two things stand otherwise there and
in the algorithm's own log: `momentum` is 0.9 where nothing is given, and `resize` may be left out with image files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from . import values
from .errors import CustomerError
from .values import ImageShape, Reader

IMAGENET_LAYERS = (18, 34, 50, 101, 152, 200)
CIFAR_LAYERS = (20, 32, 44, 56, 110)
DEFAULT_SHAPE = ImageShape(3, 224, 224)
REQUIRED = ("num_classes", "num_training_samples")
# sent by automatic model tuning, to every algorithm
OF_THE_SERVICE = ("_tuning_objective_metric",)


@dataclass(frozen=True)
class Hyperparameters:
    """All hyperparameters of one job, checked."""

    num_classes: int
    num_training_samples: int
    augmentation_type: str | None = None
    beta_1: float = 0.9
    beta_2: float = 0.999
    checkpoint_frequency: int | None = None
    early_stopping: bool = False
    early_stopping_min_epochs: int = 10
    early_stopping_patience: int = 5
    early_stopping_tolerance: float = 0.0
    epochs: int = 30
    eps: float = 1e-8
    gamma: float = 0.9
    image_shape: ImageShape = DEFAULT_SHAPE
    kv_store: str | None = None
    learning_rate: float = 0.1
    lr_scheduler_factor: float = 0.1
    lr_scheduler_step: tuple[int, ...] = ()
    mini_batch_size: int = 32
    momentum: float = 0.9
    multi_label: bool = False
    num_layers: int = 152
    optimizer: str = "sgd"
    precision_dtype: str = "float32"
    resize: int | None = None
    top_k: int | None = None
    use_pretrained_model: bool = False
    use_weighted_loss: bool = False
    weight_decay: float = 0.0001


READERS: dict[str, Reader] = {
    "num_classes": values.integer(1),
    "num_training_samples": values.integer(1),
    "augmentation_type": values.choice("crop", "crop_color", "crop_color_transform"),
    "beta_1": values.fraction,
    "beta_2": values.fraction,
    "checkpoint_frequency": values.integer(1),
    "early_stopping": values.boolean,
    "early_stopping_min_epochs": values.integer(1),
    "early_stopping_patience": values.integer(1),
    "early_stopping_tolerance": values.fraction,
    "epochs": values.integer(1),
    "eps": values.fraction,
    "gamma": values.fraction,
    "image_shape": values.image_shape,
    "kv_store": values.choice("dist_sync", "dist_async"),
    "learning_rate": values.fraction,
    "lr_scheduler_factor": values.fraction,
    "lr_scheduler_step": values.epochs,
    "mini_batch_size": values.integer(1),
    "momentum": values.fraction,
    "multi_label": values.flag,
    "num_layers": values.one_integer_of(*IMAGENET_LAYERS, *CIFAR_LAYERS),
    "optimizer": values.choice("sgd", "adam", "rmsprop", "nag"),
    "precision_dtype": values.choice("float32", "float16"),
    "resize": values.integer(1),
    "top_k": values.integer(2),
    "use_pretrained_model": values.flag,
    "use_weighted_loss": values.flag,
    "weight_decay": values.fraction,
}


def read_hyperparameters(given: Mapping[str, str], has_model_channel: bool = False) -> Hyperparameters:
    """The hyperparameters of hyperparameters.json, all of them strings there.

    `has_model_channel`: the job starts from a model of its own, so that `use_pretrained_model` needs no other.
    Raises CustomerError, for what is documented as wrong and for what cannot be done here.
    """
    own = {name: value for name, value in given.items() if name not in OF_THE_SERVICE}
    if unknown := [name for name in own if name not in READERS]:
        names = ", ".join(repr(name) for name in sorted(unknown))
        verb = "was" if len(unknown) == 1 else "were"
        raise CustomerError(f"Additional hyperparameters are not allowed ({names} {verb} unexpected)")
    if missing := [name for name in REQUIRED if not str(own.get(name, "")).strip()]:
        names = ", ".join(repr(name) for name in missing)
        raise CustomerError(f"No value(s) were specified for {names} which are required hyperparameter(s)")
    # an empty string is how the algorithm's own defaults say "not set"
    parsed = {name: READERS[name](name, str(value).strip()) for name, value in own.items() if str(value).strip()}
    read = dataclasses.replace(Hyperparameters(1, 1), **parsed)
    _check_together(read)
    _refuse_unsupported(read, has_model_channel)
    return read


def _check_together(read: Hyperparameters) -> None:
    if read.checkpoint_frequency and read.checkpoint_frequency > read.epochs:
        raise CustomerError(
            f"Hyperparameter checkpoint_frequency: {read.checkpoint_frequency} is greater than epochs ({read.epochs})"
        )
    if read.top_k and read.top_k > read.num_classes:
        raise CustomerError(f"Hyperparameter top_k: {read.top_k} is greater than num_classes ({read.num_classes})")
    if read.resize and read.resize < max(read.image_shape.height, read.image_shape.width):
        raise CustomerError(
            f"Hyperparameter resize: {read.resize} is smaller than the height or width of image_shape "
            f"({read.image_shape})"
        )
    if read.use_pretrained_model and read.num_layers not in IMAGENET_LAYERS:
        known = ", ".join(str(layers) for layers in IMAGENET_LAYERS)
        raise CustomerError(
            f"Hyperparameter num_layers: {read.num_layers} has no pretrained model: with use_pretrained_model 1, "
            f"it has to be one of {known}"
        )


def _refuse_unsupported(read: Hyperparameters, has_model_channel: bool) -> None:
    if read.use_pretrained_model and not has_model_channel:
        raise CustomerError(
            "use_pretrained_model 1 is not supported here: this machine has no weights trained on ImageNet. "
            "Set it to 0, or give an earlier model of this algorithm in a channel called model"
        )
    if read.precision_dtype == "float16":
        raise CustomerError(
            "precision_dtype float16 is not supported here: it needs a GPU, and the job runs on the processor. "
            "Leave it out, or set it to float32"
        )
