"""Networks, schedule, early stopping and augmentation of the built-in image-classification algorithm."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator

import numpy
import pytest
import torch
from PIL import Image
from torch import nn

from local_aws.images.image_classification.augmentation import Augmentation
from local_aws.images.image_classification.batches import as_tensor
from local_aws.images.image_classification.colour import shifted
from local_aws.images.image_classification.hyperparameters import CIFAR_LAYERS, IMAGENET_LAYERS, read_hyperparameters
from local_aws.images.image_classification.network import residual_network
from local_aws.images.image_classification.optimisers import make_optimiser
from local_aws.images.image_classification.schedule import Schedule
from local_aws.images.image_classification.scores import Accuracy, make_loss
from local_aws.images.image_classification.stopping import EarlyStopping
from local_aws.images.image_classification.values import ImageShape

SMALL, LARGE = ImageShape(3, 32, 32), ImageShape(3, 224, 224)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are slowest where threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def on_paper(num_layers: int, shape: ImageShape, num_classes: int) -> nn.Sequential:
    """A network without memory for its weights."""
    with torch.device("meta"):
        return residual_network(num_layers, shape, num_classes)


@pytest.mark.parametrize("num_layers", [*CIFAR_LAYERS, *IMAGENET_LAYERS])
def test_a_network_has_as_many_layers_as_its_name_says(num_layers: int) -> None:
    named = on_paper(num_layers, LARGE, 2).named_modules()

    layers = [name for name, module in named if isinstance(module, (nn.Conv2d, nn.Linear)) and "shortcut" not in name]
    assert len(layers) == num_layers


@pytest.mark.parametrize(
    ("num_layers", "shape", "classes", "parameters"),
    [
        # the paper: 0.27M and 1.7M; the others: the public models of the same names
        (20, SMALL, 10, 269_722),
        (110, SMALL, 10, 1_727_962),
        (18, LARGE, 1000, 11_689_512),
        (50, LARGE, 1000, 25_557_032),
        (152, LARGE, 1000, 60_192_808),
    ],
)
def test_a_network_has_the_parameters_that_are_known_of_it(
    num_layers: int, shape: ImageShape, classes: int, parameters: int
) -> None:
    assert sum(value.numel() for value in on_paper(num_layers, shape, classes).parameters()) == parameters


@pytest.mark.parametrize(
    ("num_layers", "shape"),
    [(20, SMALL), (20, ImageShape(1, 28, 20)), (18, SMALL), (18, ImageShape(3, 64, 48)), (50, ImageShape(1, 8, 8))],
)
def test_a_network_gives_a_score_for_each_class(num_layers: int, shape: ImageShape) -> None:
    network = residual_network(num_layers, shape, 3).eval()

    assert network(torch.zeros(2, shape.channels, shape.height, shape.width)).shape == (2, 3)


def test_the_learning_rate_falls_after_the_epochs_of_the_steps() -> None:
    given = {"num_classes": "2", "num_training_samples": "65", "learning_rate": "0.1", "lr_scheduler_step": "1,3"}
    schedule = Schedule.of(read_hyperparameters({**given, "lr_scheduler_factor": "0.5"}))

    # 65 samples in batches of 32 are 3 updates an epoch
    assert [schedule.at(update) for update in (0, 2, 3, 8, 9, 50)] == pytest.approx(
        [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    )


def stopped_after(accuracies: list[float], **given: str) -> int | None:
    own = {"early_stopping": "True", "early_stopping_min_epochs": "2", "early_stopping_patience": "2", **given}
    stopping = EarlyStopping(read_hyperparameters({"num_classes": "2", "num_training_samples": "1", **own}))
    for epoch, accuracy in enumerate(accuracies, start=1):
        if stopping.should_stop(accuracy):
            return epoch
    return None


@pytest.mark.parametrize(
    ("accuracies", "given", "epoch"),
    [
        ([0.5, 0.5, 0.5, 0.5, 0.5], {}, 4),
        ([0.5, 0.5, 0.5, 0.6, 0.6, 0.6], {}, 6),
        ([0.9, 0.8, 0.7, 0.8, 0.95], {}, 4),
        ([0.5, 0.6, 0.7, 0.8, 0.9], {}, None),
        ([0.5, 0.5, 0.52, 0.53, 0.53], {"early_stopping_tolerance": "0.1"}, 4),
        ([0.0, 0.0, 0.1, 0.1, 0.1], {}, 5),
        ([0.5] * 8, {"early_stopping": "False"}, None),
    ],
)
def test_training_stops_when_patience_ends_and_not_before_the_least_epochs(
    accuracies: list[float], given: dict[str, str], epoch: int | None
) -> None:
    assert stopped_after(accuracies, **given) == epoch


@pytest.mark.parametrize(("name", "kind"), [("sgd", "SGD"), ("nag", "SGD"), ("adam", "Adam"), ("rmsprop", "RMSprop")])
def test_optimisers_take_their_own_hyperparameters(name: str, kind: str) -> None:
    given = {"optimizer": name, "weight_decay": "0.01", "gamma": "0.8", "beta_1": "1", "eps": "0.001"}
    network = nn.Sequential(nn.Linear(2, 2))
    read = read_hyperparameters({"num_classes": "2", "num_training_samples": "1", **given})

    optimiser = make_optimiser(network, read)

    assert type(optimiser).__name__ == kind
    decays = [group["weight_decay"] for group in optimiser.param_groups]
    assert decays == ([0.01, 0.0] if kind == "SGD" else [0])
    first = optimiser.param_groups[0]
    assert first.get("nesterov", False) is (name == "nag")
    assert first.get("alpha", 0.8) == 0.8 and first.get("eps", 0.001) == 0.001


def augmented(kind: str | None, image: Image.Image, seed: int = 1) -> numpy.ndarray:
    augmentation = Augmentation(kind, ImageShape(3, 8, 8), numpy.random.default_rng(seed))
    return augmentation.batch(numpy.stack([augmentation.image(image) for _ in range(20)]))


def gradient() -> Image.Image:
    rows, columns = numpy.mgrid[0:12, 0:12]
    return Image.fromarray(numpy.stack([rows * 20, columns * 20, rows * 0 + 90], axis=-1).astype(numpy.uint8))


def test_without_augmentation_the_middle_is_taken() -> None:
    assert (augmented(None, gradient()) == numpy.asarray(gradient())[2:10, 2:10]).all()


def test_crop_takes_parts_and_mirrors_them() -> None:
    found = augmented("crop", gradient())

    assert len({int(image[0, 0, 0]) for image in found}) > 2
    assert {bool(image[0, 0, 1] > image[0, 7, 1]) for image in found} == {True, False}
    assert (found[..., 2] == 90).all()


def test_colours_change_with_crop_color_and_shapes_with_crop_color_transform() -> None:
    plain = Image.new("RGB", (8, 8), (200, 60, 40))

    coloured, transformed = augmented("crop_color", plain), augmented("crop_color_transform", plain)

    assert len(numpy.unique(coloured.reshape(20, -1), axis=0)) == 20
    assert all(len(numpy.unique(image.reshape(-1, 3), axis=0)) == 1 for image in coloured)
    assert any(len(numpy.unique(image.reshape(-1, 3), axis=0)) > 1 for image in transformed)
    assert (augmented("crop_color_transform", gradient(), 5) == augmented("crop_color_transform", gradient(), 5)).all()


def test_shifts_are_those_of_hue_saturation_and_lightness() -> None:
    pixels = numpy.random.default_rng(2).integers(0, 256, (3, 4, 4, 3)).astype(numpy.uint8)
    hue, saturation, lightness = numpy.array([0, 30, -20]), numpy.array([0, 40, -50]), numpy.array([0, -30, 50])

    found = shifted(pixels, hue, saturation, lightness)

    assert (found[0] == pixels[0]).all()
    for number in (1, 2):
        for before, after in zip(pixels[number].reshape(-1, 3), found[number].reshape(-1, 3), strict=True):
            h, light, s = colorsys.rgb_to_hls(*(before / 255))
            light, s = min(max(light + lightness[number] / 255, 0), 1), min(max(s + saturation[number] / 255, 0), 1)
            expected = colorsys.hls_to_rgb((h + hue[number] / 180) % 1, light, s)
            assert after == pytest.approx([part * 255 for part in expected], abs=1)


def test_pixels_become_planes_in_the_order_of_memory_that_convolutions_want() -> None:
    tensor = as_tensor(numpy.zeros((2, 4, 5, 3), dtype=numpy.uint8))

    assert tensor.shape == (2, 3, 4, 5)
    assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_accuracy_counts_the_best_the_top_k_and_several_labels() -> None:
    scores = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    single = Accuracy(False, 2)
    single.add(scores, torch.tensor([0, 1, 0, 2]))
    several = Accuracy(True, 2)
    several.add(torch.tensor([[1.0, -1.0], [1.0, 1.0]]), torch.tensor([[1, 0], [1, 0]]))

    assert (single.value, single.top_k_value) == (0.25, 0.5)
    assert (several.value, several.top_k_value) == (0.75, None)


def test_a_weighted_loss_weighs_rare_classes_more() -> None:
    given = {"num_classes": "2", "num_training_samples": "4", "multi_label": "1"}
    labels = numpy.array([[1, 1], [1, 0], [1, 0], [0, 0]])
    plain, weighted = (
        make_loss(read_hyperparameters({**given, "use_weighted_loss": flag}), labels) for flag in ("0", "1")
    )
    scores, rare = torch.zeros(1, 2), torch.tensor([[0, 1]])

    assert float(plain(scores, rare)) == pytest.approx(0.6931, abs=1e-3)
    # three images without the second class for the one that has it
    assert float(weighted(scores, rare)) == pytest.approx(2 * 0.6931, abs=1e-3)
