"""Fitting: the schedule, the moving average, and that seed and epoch alone decide what an epoch does."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from arguments import Hyperparameters
from fitting import Fitting, LossNotFinite
from image_list import LabelledImages
from imagenet_fitting import fit_imagenet_scores
from model import log_probabilities, unit_range
from moving_average import MovingAverage
from one_cycle import one_cycle

from pipelines.training.pretrained_model import installed_weights

WEIGHTS = installed_weights().parent


def given(epochs: int = 2, learning_rate: float = 0.05, seed: int = 1) -> Hyperparameters:
    return Hyperparameters(epochs, learning_rate, 8, seed, 2, ("dark", "bright"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a net is slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def images() -> LabelledImages:
    """20 pictures; the dark ones have label 0, the bright ones 1."""
    generator = torch.Generator().manual_seed(7)
    labels = torch.arange(20) % 2
    noise = torch.randint(0, 100, (20, 3, 32, 32), generator=generator)
    return LabelledImages((noise + 150 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels)


def weights(fitting: Fitting) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in fitting.fitted().state_dict().values()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_rate_climbs_to_its_peak_and_falls_to_nothing() -> None:
    rates = [one_cycle(step, 100, peak=0.5) for step in range(100)]
    assert max(rates) == pytest.approx(0.5, rel=0.02)
    assert 20 < rates.index(max(rates)) < 40
    assert rates[0] < 0.01
    assert 0 < rates[-1] < 0.001


def test_the_average_follows_fast_at_first_and_slowly_later() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    average = MovingAverage(net, decay=0.9)
    nn.init.ones_(net.weight)
    average.update(net, step=1)
    assert average.average.weight.item() == pytest.approx(0.9)
    nn.init.zeros_(net.weight)
    average.update(net, step=10_000)
    assert average.average.weight.item() == pytest.approx(0.81)
    assert not average.average.weight.requires_grad


def test_the_same_seed_gives_the_same_weights_whatever_the_global_generator_does(
    images: LabelledImages,
) -> None:
    results = []
    for noise in (10, 20):
        fitting = Fitting(given(), images)
        torch.manual_seed(noise)
        fitting.fit_epoch(1)
        results.append(weights(fitting))
    assert same(*results)
    other = Fitting(given(seed=2), images)
    other.fit_epoch(1)
    assert not same(results[0], weights(other))


def test_on_two_threads_too_the_weights_are_the_same_bit_by_bit(images: LabelledImages) -> None:
    torch.set_num_threads(2)
    results = []
    for _ in range(2):
        imagenet = fit_imagenet_scores(images, 2, 1.0, WEIGHTS)
        fitting = Fitting(Hyperparameters(1, 0.05, 10, 1, 8, ("dark", "bright")), images, imagenet=imagenet)
        fitting.fit_epoch(1)
        results.append(fitting.fitted().state_dict())
    assert results[0].keys() == results[1].keys()
    for name, tensor in results[0].items():
        assert torch.equal(tensor, results[1][name]), name


def test_a_restored_fitting_goes_on_as_the_uninterrupted_one(images: LabelledImages) -> None:
    whole = Fitting(given(epochs=3), images)
    whole.fit_epoch(1)
    taken = {name: _copied(part) for name, part in whole.state().items()}
    whole.fit_epoch(2)
    whole.fit_epoch(3)
    resumed = Fitting(given(epochs=3), images)
    resumed.restore(taken)
    resumed.fit_epoch(2)
    resumed.fit_epoch(3)
    assert same(weights(whole), weights(resumed))


def _copied(part: object) -> object:
    if isinstance(part, torch.Tensor):
        return part.clone()
    if isinstance(part, dict):
        return {key: _copied(value) for key, value in part.items()}
    return part


def test_an_easy_task_is_learnt(images: LabelledImages) -> None:
    fitting = Fitting(given(epochs=12), images)
    losses = [fitting.fit_epoch(epoch).loss for epoch in range(1, 13)]
    validated = fitting.validate(images)
    assert losses[-1] < losses[0]
    assert validated.accuracy == 1.0
    assert validated.loss < 0.6


@pytest.mark.parametrize("pretrained", [False, True])
def test_the_last_validation_is_what_the_saved_classifier_says(images: LabelledImages, pretrained: bool) -> None:
    imagenet = fit_imagenet_scores(images, 2, 1.0, WEIGHTS) if pretrained else None
    fitting = Fitting(given(), images, imagenet=imagenet)
    fitting.fit_epoch(1)
    fitting.validate(images)
    fitting.fit_epoch(2)
    validated = fitting.validate(images)
    answers = log_probabilities(fitting.fitted(), images.pixels)
    assert validated.loss == pytest.approx(F.nll_loss(answers, images.labels).item(), rel=1e-5)
    other = LabelledImages(images.pixels[:6], images.labels[:6])
    expected = F.nll_loss(answers[:6], other.labels).item()
    assert fitting.validate(other).loss == pytest.approx(expected, rel=1e-4)


def test_without_the_pretrained_model_the_net_answers_alone(images: LabelledImages) -> None:
    fitting = Fitting(given(), images)
    fitting.fit_epoch(1)
    net = fitting.fitted()
    assert net.imagenet is None
    pictures = unit_range(images.pixels)
    assert torch.equal(net.evidence(pictures), net.mirrored(pictures))
    assert 0 <= fitting.validate(images).accuracy <= 1


def test_a_given_body_is_where_the_fitting_starts(images: LabelledImages) -> None:
    body = Fitting(given(seed=5), images).net.body.state_dict()
    started = Fitting(given(seed=6), images, body=body)
    assert all(torch.equal(tensor, started.net.body.state_dict()[name]) for name, tensor in body.items())
    assert all(torch.equal(tensor, started.fitted().body.state_dict()[name]) for name, tensor in body.items())


def test_steps_and_checkpoints_know_nothing_of_the_pretrained_model(images: LabelledImages) -> None:
    imagenet = fit_imagenet_scores(images, 2, 1.0, WEIGHTS)
    fitting = Fitting(given(), images, imagenet=imagenet)
    before = {name: tensor.clone() for name, tensor in imagenet.state_dict().items()}
    fitting.fit_epoch(1)
    after = fitting.fitted().imagenet
    assert after is not None
    assert all(torch.equal(tensor, before[name]) for name, tensor in after.state_dict().items())
    assert not [name for name in fitting.state()["net"] if "imagenet" in name]


def test_the_stem_stays_as_it_was(images: LabelledImages) -> None:
    fitting = Fitting(given(), images)
    before = fitting.net.stem.clone()
    fitting.fit_epoch(1)
    assert torch.equal(fitting.net.stem, before)
    assert torch.equal(fitting.fitted().stem, before)


def test_a_loss_that_is_no_number_stops_the_training(images: LabelledImages) -> None:
    fitting = Fitting(given(learning_rate=1e30), images)
    with pytest.raises(LossNotFinite, match=r"loss is (nan|inf) in epoch \d; lower --learning-rate"):
        for epoch in (1, 2):
            fitting.fit_epoch(epoch)


@pytest.mark.parametrize("count", [2, 3, 9, 17])
def test_any_number_of_images_can_be_trained_on(images: LabelledImages, count: int) -> None:
    few = LabelledImages(images.pixels[:count], images.labels[:count])
    figures = Fitting(given(), few).fit_epoch(1)
    assert 0 <= figures.accuracy <= 1
