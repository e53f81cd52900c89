"""The ways to train, and what each of them decides of the pipeline's jobs. The SDK is not needed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipelines import images

ONE_GPU = (
    "ml.g4dn.xlarge",
    "ml.g4dn.2xlarge",
    "ml.g4dn.4xlarge",
    "ml.g5.xlarge",
    "ml.g5.2xlarge",
    "ml.g5.4xlarge",
)


class UnsupportedAlgorithm(ValueError):
    """The pipeline cannot be built for that algorithm."""


class UnsupportedPretraining(ValueError):
    """Pretraining is asked for where it cannot be had, or not by yes or no."""


@dataclass(frozen=True)
class Algorithm:
    """A way to train, by its name.

    `training_instance_type`, `epochs` and `learning_rate` are the parameters' defaults.
    `brings_code`: it trains and serves with the code of training/; an algorithm without brings its own, in its
    image. `scored_as`: content type of the pictures of the batch transform. `response_types`: what its container
    answers with. The images are functions of the region.
    """

    name: str
    training_image: Callable[[str], str]
    serving_image: Callable[[str], str]
    training_instance_type: str
    training_instance_types: tuple[str, ...]
    epochs: int
    learning_rate: float
    brings_code: bool
    scored_as: str
    response_types: tuple[str, ...]


PYTORCH = Algorithm(
    name="pytorch",
    training_image=images.pytorch_training,
    serving_image=images.pytorch_inference,
    # CPU types only: the image's URI is compiled in, and it is that of the CPU image; PYTORCH_GPU has the other
    training_instance_type="ml.m5.2xlarge",
    training_instance_types=(
        "ml.m5.large",
        "ml.m5.xlarge",
        "ml.m5.2xlarge",
        "ml.m5.4xlarge",
        "ml.c5.xlarge",
        "ml.c5.2xlarge",
        "ml.c5.4xlarge",
        "ml.c6i.xlarge",
        "ml.c6i.2xlarge",
        "ml.c6i.4xlarge",
    ),
    epochs=30,
    learning_rate=0.05,
    brings_code=True,
    scored_as="image/png",
    response_types=("application/json",),
)
# The same code and the same answers. What it has trained is served on CPUs too.
PYTORCH_GPU = replace(
    PYTORCH,
    name="pytorch-gpu",
    training_image=images.pytorch_training_gpu,
    # for a small net one GPU is enough, and the cheapest; P3 is older than what the image's torch is built for
    training_instance_type="ml.g4dn.xlarge",
    training_instance_types=ONE_GPU,
)
# https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
IMAGE_CLASSIFICATION = Algorithm(
    name="image-classification",
    training_image=images.image_classification,
    serving_image=images.image_classification,
    # It trains on GPUs of the families P2, P3, G4dn and G5 alone; small pictures need one GPU, the cheapest.
    training_instance_type="ml.g4dn.xlarge",
    training_instance_types=(*ONE_GPU, "ml.p3.2xlarge"),
    epochs=60,
    # the algorithm's own default
    learning_rate=0.1,
    brings_code=False,
    scored_as="application/x-image",
    response_types=("application/json", "application/jsonlines"),
)
ALGORITHMS = {algorithm.name: algorithm for algorithm in (PYTORCH, PYTORCH_GPU, IMAGE_CLASSIFICATION)}


def algorithm_named(name: str) -> Algorithm:
    """Raises UnsupportedAlgorithm."""
    if name not in ALGORITHMS:
        raise UnsupportedAlgorithm(f"algorithm {name!r} is not supported: use one of {', '.join(ALGORITHMS)}")
    return ALGORITHMS[name]


def check_pretraining(algorithm: Algorithm, pretrain: bool) -> None:
    """Raises UnsupportedPretraining: it is a part of the code of training/."""
    if not isinstance(pretrain, bool):
        raise UnsupportedPretraining(f"pretrain is True or False, not {pretrain!r}")
    if pretrain and not algorithm.brings_code:
        raise UnsupportedPretraining(
            f"pretraining is not supported with algorithm {algorithm.name!r}: use {PYTORCH.name}, or leave pretrain out"
        )
