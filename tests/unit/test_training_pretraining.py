"""Pretraining: a body that other classes' pictures shape, the same by seed, resumed exactly, on fine-tuning's stem."""

import json
import pickle
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

import pretraining_job
from arguments import HyperparameterInvalid, Hyperparameters, parse_arguments
from checkpoint import run_identity
from fitting import Fitting, untrained
from image_list import ChannelMissing, LabelledImages
from model import Classifier, ModelConfig, build_classifier, unit_range
from pretraining import Pretraining, PretrainingDiverged, fine_tuning
from pretraining_images import PretrainingImages, PretrainingImagesInvalid, read_pretraining_images
from pretraining_job import PretrainingPlan, pretrained_body
from whitening import whitening_filters

Body = dict[str, torch.Tensor]
CODE = Path(__file__).parents[2] / "training"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a net is slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def colours(count: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of four classes: the one, the other, both or no half of each is bright."""
    labels = np.arange(count) % 4
    pixels = np.random.default_rng(seed).integers(0, 100, (count, 32, 32, 3))
    pixels[:, :, :16] += 120 * (labels[:, None, None, None] % 2)
    pixels[:, :16] += 30 * (labels[:, None, None, None] // 2)
    return pixels.astype(np.uint8), labels


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    folder = tmp_path / "pretrain"
    folder.mkdir()
    images, labels = colours(40)
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)
    (folder / "classes.json").write_text(json.dumps(["fig", "pear", "plum", "quince"]))
    return folder


@pytest.fixture
def images(channel: Path) -> PretrainingImages:
    return read_pretraining_images(channel, 32)


@pytest.fixture
def like() -> Classifier:
    """A net as fine-tuning starts with: two classes, its own stem and normalisation."""
    torch.manual_seed(3)
    net = build_classifier(ModelConfig(("dark", "bright"), 2, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4), 1.0))
    pictures = unit_range(torch.randint(0, 256, (8, 3, 32, 32)).to(torch.uint8))
    net.stem.copy_(whitening_filters(net.normalise(pictures)))
    return net


def silent(_line: str) -> None:
    pass


def trained(images: PretrainingImages, like: Classifier, epochs: int = 1, seed: int = 1) -> Pretraining:
    pretraining = Pretraining(images, like, epochs, seed, silent)
    for epoch in range(1, epochs + 1):
        pretraining.fit_epoch(epoch)
    return pretraining


def same(first: Body, second: Body) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_the_channel_is_read_pixel_for_pixel(channel: Path, images: PretrainingImages) -> None:
    pictures, labels = colours(40)
    assert images.classes == ("fig", "pear", "plum", "quince")
    assert np.array_equal(images.labelled.pixels.permute(0, 2, 3, 1).numpy(), pictures)
    assert images.labelled.labels.tolist() == labels.tolist()


def test_two_steps_change_every_weight_of_the_body_and_nothing_of_the_stem(
    images: PretrainingImages, like: Classifier
) -> None:
    before = Pretraining(images, like, 2, 1, silent).body()
    pretraining = trained(images, like, epochs=2)  # in the first, blocks that start as the identity shield their inside
    after = pretraining.body()
    assert after.keys() == like.body.state_dict().keys()
    assert [name for name in after if torch.equal(after[name], before[name])] == []
    assert torch.equal(pretraining.net.stem, like.stem)
    assert (pretraining.net.config.mean, pretraining.net.config.std) == (like.config.mean, like.config.std)


def test_the_seed_alone_decides_what_is_learnt(images: PretrainingImages, like: Classifier) -> None:
    first = trained(images, like).body()
    torch.manual_seed(99)
    assert same(first, trained(images, like).body())
    assert not same(first, trained(images, like, seed=2).body())


def test_the_other_classes_are_learnt(images: PretrainingImages, like: Classifier) -> None:
    pretraining = Pretraining(images, like, 40, 1, silent)
    figures = [pretraining.fit_epoch(epoch) for epoch in range(1, 41)]
    assert figures[-1][0] < figures[0][0]
    assert figures[-1][1] > 0.6


def test_the_body_is_what_fine_tuning_starts_from(images: PretrainingImages, like: Classifier) -> None:
    """On the same stem the fine-tuned net sees the features that the pretrained one saw."""
    pretraining = trained(images, like, epochs=2)
    like.body.load_state_dict(pretraining.body())
    learnt, starting = pretraining.learner.average.cpu(), like.eval()
    starting.head.weight.data = learnt.head.weight.data
    pictures = unit_range(images.labelled.pixels[:4])
    assert torch.equal(starting(pictures), learnt(pictures))


def test_a_fitting_starts_from_the_body_and_not_its_head(images: PretrainingImages) -> None:
    given = Hyperparameters(epochs=2, learning_rate=0.05, batch_size=8, seed=1, width=2, classes=("dark", "bright"))
    own = LabelledImages(images.labelled.pixels[:12], images.labelled.labels[:12] % 2)
    pretraining = trained(images, untrained(given, unit_range(own.pixels)), epochs=2)
    fitting, plain = Fitting(given, own, pretraining.body()), Fitting(given, own)
    assert same(dict(fitting.net.body.state_dict()), pretraining.body())
    assert not same(dict(plain.net.body.state_dict()), pretraining.body())
    for name in ("stem", "head.weight"):
        assert torch.equal(fitting.net.state_dict()[name], plain.net.state_dict()[name])
    assert torch.equal(fitting.net.stem, pretraining.net.stem)
    assert 0 <= fitting.fit_epoch(1).accuracy <= 1
    one, other, none = (
        run_identity(given, own, CODE, body) for body in (pretraining.body(), plain.net.body.state_dict(), None)
    )
    assert len({one, other, none}) == 3, "checkpoints on another body are not gone on from"


@pytest.mark.parametrize(
    ("flags", "epochs"),
    [
        ([], 0),
        (["--pretrain"], 10),
        (["--pretrain", "True"], 10),
        (["--pretrain", "true", "--pretrain-epochs", "3"], 3),
        (["--pretrain", "False"], 0),
    ],
)
def test_flags_say_how_often_to_go_over_the_other_pictures(flags: list[str], epochs: int) -> None:
    told = parse_arguments(flags, {"SM_CHANNEL_PRETRAIN": "/channel"})
    assert told.hyperparameters.pretrain_epochs == epochs
    assert told.folders.pretrain == Path("/channel")


@pytest.mark.parametrize(
    ("flags", "refusal"),
    [
        (["--pretrain", "--pretrain-epochs", "0"], "--pretrain-epochs 0 is outside 1..1000"),
        (["--pretrain", "--pretrain-epochs", "1001"], "--pretrain-epochs 1001 is outside 1..1000"),
        (["--pretrain-epochs", "3"], "no effect without --pretrain"),
        (["--pretrain", "false", "--pretrain-epochs", "3"], "no effect without --pretrain"),
        (["--pretrain", "perhaps"], "invalid choice: 'perhaps'"),
    ],
)
def test_flags_that_contradict_are_refused(flags: list[str], refusal: str) -> None:
    with pytest.raises(HyperparameterInvalid, match=refusal):
        parse_arguments(flags, {})


def test_fine_tuning_goes_at_a_fifth_of_the_rate_and_else_as_told() -> None:
    given = Hyperparameters(epochs=2, learning_rate=0.05, batch_size=8, seed=1, width=2, classes=("dark", "bright"))
    slower = fine_tuning(given)
    assert slower.learning_rate == pytest.approx(0.01)
    assert (slower.epochs, slower.seed, slower.classes) == (given.epochs, given.seed, given.classes)


def test_a_run_cut_short_goes_on_exactly(
    channel: Path, like: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pretrained_body(PretrainingPlan(channel, 3, 1, None), like, CODE, silent)
    plan = PretrainingPlan(channel, 3, 1, tmp_path / "checkpoints")
    with monkeypatch.context() as cut:
        cut.setattr(pretraining_job, "Pretraining", _killed_in(2))
        with pytest.raises(KeyboardInterrupt):
            pretrained_body(plan, like, CODE, silent)
    lines: list[str] = []
    assert same(pretrained_body(plan, like, CODE, lines.append), whole)
    assert "pretraining resumed after epoch 1" in lines
    assert [line.split()[0] for line in lines if "loss" in line] == ["pretraining-epoch=2", "pretraining-epoch=3"]

    again: list[str] = []
    assert same(pretrained_body(plan, like, CODE, again.append), whole)
    assert not [line for line in again if "loss" in line], "what is done is not done again"


def _killed_in(epoch: int) -> type[Pretraining]:
    class Killed(Pretraining):
        def fit_epoch(self, number: int) -> tuple[float, float]:
            if number == epoch:
                raise KeyboardInterrupt
            return super().fit_epoch(number)

    return Killed


@pytest.mark.parametrize("changed", ["stem", "seed", "images"])
def test_checkpoints_on_another_stem_seed_or_pictures_are_not_gone_on_from(
    changed: str, channel: Path, like: Classifier, tmp_path: Path
) -> None:
    checkpoints = tmp_path / "checkpoints"
    pretrained_body(PretrainingPlan(channel, 1, 1, checkpoints), like, CODE, silent)
    if changed == "stem":
        like.stem.neg_()
    if changed == "images":
        np.save(channel / "images.npy", colours(40, seed=8)[0])
    lines: list[str] = []
    pretrained_body(PretrainingPlan(channel, 1, 2 if changed == "seed" else 1, checkpoints), like, CODE, lines.append)
    assert any("ignored" in line for line in lines)
    assert not any("resumed" in line for line in lines)


def test_log_lines_are_picked_up_by_their_own_metrics_and_no_others(channel: Path, like: Classifier) -> None:
    lines: list[str] = []
    pretrained_body(PretrainingPlan(channel, 1, 1, None), like, CODE, lines.append)
    assert lines[0] == "pretraining: 40 images of 4 other classes, 1 epochs"
    assert re.fullmatch(
        r"pretraining-epoch=1 pretraining:loss=\d+\.\d{4} pretraining:accuracy=[01]\.\d{4} seconds=\d+", lines[-1]
    )
    for name in ("train:loss", "train:accuracy", "validation:loss", "validation:accuracy"):
        assert not any(re.search(f"{name}=([0-9.]+)", line) for line in lines)


def test_the_time_to_go_is_told_once_after_the_first_batches(like: Classifier) -> None:
    pictures = LabelledImages(torch.zeros(256 * 4, 3, 32, 32, dtype=torch.uint8), torch.arange(256 * 4) % 2)
    lines: list[str] = []
    seconds = iter(range(0, 10_000, 36))
    pretraining = Pretraining(
        PretrainingImages(pictures, ("fig", "pear")), like, 5, 1, lines.append, lambda: float(next(seconds))
    )
    for epoch in (1, 2, 3):
        pretraining.fit_epoch(epoch)
    # 20 batches, 10 of them done; nine took 36 s by this clock, so each 4 s
    assert lines == [f"pretraining on {pretraining.device}: about 0.7 minutes to go"]


def test_a_loss_that_is_no_number_stops_the_training(images: PretrainingImages, like: Classifier) -> None:
    like.stem.mul_(float("inf"))
    with pytest.raises(PretrainingDiverged, match=r"loss is nan in epoch 1"):
        trained(images, like)


def test_a_missing_channel_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ChannelMissing, match=r"--pretrain reads the channel pretrain.*leave --pretrain out"):
        read_pretraining_images(tmp_path / "absent", 32)


def spoil_images(array: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "images.npy", array)


def spoil_labels(array: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "labels.npy", array)


def cut_images(folder: Path) -> None:
    whole = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(whole[: len(whole) // 2])


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda folder: (folder / "labels.npy").unlink(), r"labels\.npy cannot be read"),
        (cut_images, r"images\.npy cannot be read"),
        (spoil_images(np.zeros((40, 32, 32, 3), np.float32)), r"holds float32 \(40, 32, 32, 3\), not uint8"),
        (spoil_images(np.zeros((40, 3, 32, 32), np.uint8)), r"holds uint8 \(40, 3, 32, 32\), not uint8 \(N, 32, 32"),
        (spoil_images(np.zeros((0, 32, 32, 3), np.uint8)), r"\(0, 32, 32, 3\)"),
        (spoil_labels(np.zeros(39, np.int64)), r"not 40 integers, one an image"),
        (spoil_labels(np.full(40, 4)), r"labels outside 0\.\.3"),
        (spoil_labels(np.full(40, 0.5)), r"not 40 integers"),
        (lambda folder: np.savez((folder / "labels.npy").open("wb"), labels=np.zeros(40)), r"holds several arrays"),
        (lambda folder: (folder / "classes.json").write_text('["fig"]'), r"does not name two different classes"),
        (lambda folder: (folder / "classes.json").write_text("{"), r"classes\.json cannot be read"),
    ],
)
def test_a_channel_that_is_not_what_extraction_writes_is_refused(
    spoil: Callable[[Path], None], fault: str, channel: Path
) -> None:
    spoil(channel)
    with pytest.raises(PretrainingImagesInvalid, match=fault):
        read_pretraining_images(channel, 32)


def test_nothing_is_unpickled(channel: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = np.empty(1, dtype=object)
    trap[0] = Trap(sprung)
    np.save(channel / "labels.npy", trap, allow_pickle=True)
    with pytest.raises(PretrainingImagesInvalid, match=r"labels\.npy cannot be read"):
        read_pretraining_images(channel, 32)
    (channel / "labels.npy").write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(PretrainingImagesInvalid, match=r"labels\.npy cannot be read"):
        read_pretraining_images(channel, 32)
    assert not sprung.exists()
