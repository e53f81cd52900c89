"""The net's shapes, its whitening stem, and the file it travels in."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from imagenet_features import ImageNetScores
from imagenet_weights import load_imagenet_weights
from model import (
    FILE_FORMAT,
    Classifier,
    ModelConfig,
    ModelFileInvalid,
    build_classifier,
    load_classifier,
    log_probabilities,
    pack_classifier,
    unit_range,
)
from whitening import whitening_filters

from pipelines.training.pretrained_model import installed_weights


def config(classes: tuple[str, ...] = ("bicycle", "motorcycle"), width: int = 4) -> ModelConfig:
    return ModelConfig(classes, width, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3), temperature=0.5)


def pixels(count: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 32, 32), generator=torch.Generator().manual_seed(3)).to(torch.uint8)


@pytest.fixture(params=[False, True], ids=["net alone", "pretrained"])
def net(request: pytest.FixtureRequest) -> Classifier:
    torch.manual_seed(0)
    net = build_classifier(replace(config(), pretrained=request.param))
    if request.param:
        net.imagenet = ImageNetScores(2)
        load_imagenet_weights(net.imagenet, installed_weights().parent)
        net.imagenet.weight.uniform_(-0.02, 0.02)
    net.stem.copy_(whitening_filters(net.normalise(unit_range(pixels(20)))))
    return net.eval()


@pytest.mark.parametrize("class_count", [2, 5])
@pytest.mark.parametrize("width", [1, 4, 24])
def test_a_batch_of_images_becomes_a_row_of_logits_each(class_count: int, width: int) -> None:
    net = build_classifier(config(tuple("abcde"[:class_count]), width))
    assert net(unit_range(pixels(3))).shape == (3, class_count)


def test_the_stem_is_not_trained(net: Classifier) -> None:
    assert "stem" not in dict(net.named_parameters())
    assert "stem" in net.state_dict()


def test_whitened_patches_are_uncorrelated_with_equal_variance() -> None:
    generator = torch.Generator().manual_seed(4)
    colour = torch.randn(50, 1, 8, 8, generator=generator)
    images = colour + 0.5 * torch.randn(50, 3, 8, 8, generator=generator)
    filters = whitening_filters(images)
    assert torch.equal(filters[12:], -filters[:12])
    responses = torch.nn.functional.conv2d(images, filters[:12]).permute(1, 0, 2, 3).flatten(1)
    assert torch.allclose(torch.cov(responses), torch.eye(12), atol=0.06)  # not exactly 1, for EPSILON


def test_images_without_any_contrast_still_give_finite_filters() -> None:
    assert whitening_filters(torch.zeros(2, 3, 32, 32)).isfinite().all()


def test_a_picture_and_its_mirror_image_get_the_same_of_the_net(net: Classifier) -> None:
    batch = unit_range(pixels(4))
    assert torch.allclose(net.mirrored(batch), net.mirrored(batch.flip(3)), atol=1e-5)


def test_a_saved_net_answers_the_same_and_loads_with_weights_only(net: Classifier, tmp_path: Path) -> None:
    model_file = tmp_path / "model.pt"
    model_file.write_bytes(pack_classifier(net))
    loaded = load_classifier(model_file)
    assert loaded.config == net.config
    assert not loaded.training
    assert torch.equal(log_probabilities(loaded, pixels(4)), log_probabilities(net, pixels(4)))
    content = torch.load(model_file, weights_only=True)
    assert content["config"]["classes"] == ("bicycle", "motorcycle")


def without(key: str, net: Classifier) -> bytes:
    content = torch.load(io.BytesIO(pack_classifier(net)), weights_only=True)
    del content[key]
    changed = io.BytesIO()
    torch.save(content, changed)
    return changed.getvalue()


@pytest.mark.parametrize("key", ["format", "config", "state_dict"])
def test_a_model_file_that_lacks_a_part_is_refused(key: str, net: Classifier, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(without(key, net))
    with pytest.raises(ModelFileInvalid, match=r"model\.pt"):
        load_classifier(tmp_path / "model.pt")


@pytest.mark.parametrize("length", [0, 10, 5000])
def test_a_truncated_model_file_is_refused(length: int, net: Classifier, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(pack_classifier(net)[:length])
    with pytest.raises(ModelFileInvalid):
        load_classifier(tmp_path / "model.pt")


@pytest.mark.parametrize("content", [b"these are no weights", b"\x80\x04.", b"PK\x03\x04", bytes(100)])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ModelFileInvalid, match=r"model\.pt is not a model that train\.py wrote"):
        load_classifier(tmp_path / "model.pt")


def test_a_missing_model_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileInvalid, match="No such file"):
        load_classifier(tmp_path / "model.pt")


def test_a_model_file_that_would_run_code_is_refused_and_does_not(net: Classifier, tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "touched",)

    torch.save({"format": FILE_FORMAT, "config": Malicious(), "state_dict": {}}, tmp_path / "model.pt")
    with pytest.raises(ModelFileInvalid):
        load_classifier(tmp_path / "model.pt")
    assert not (tmp_path / "touched").exists()


def test_a_lower_temperature_gives_surer_answers_of_the_same_class(net: Classifier) -> None:
    batch = pixels(6)
    sure = log_probabilities(net, batch).exp()
    net.config = replace(net.config, temperature=2.0)
    unsure = log_probabilities(net, batch).exp()
    assert torch.equal(sure.argmax(dim=1), unsure.argmax(dim=1))
    assert (sure.amax(dim=1) > unsure.amax(dim=1)).all()
    assert torch.allclose(unsure.sum(dim=1), torch.ones(6))


def test_scores_of_the_pretrained_model_add_to_the_logits(net: Classifier) -> None:
    images = unit_range(pixels(3))
    alone = net.mirrored(images)
    if net.imagenet is None:
        assert torch.equal(net.evidence(images), alone)
    else:
        assert torch.allclose(net.evidence(images), alone + net.imagenet(images))
        assert not torch.allclose(net.evidence(images), alone, atol=1e-3)


def test_a_file_of_the_format_before_is_refused_by_its_number(net: Classifier, tmp_path: Path) -> None:
    content = torch.load(io.BytesIO(pack_classifier(net)), weights_only=True)
    torch.save({**content, "format": 1}, tmp_path / "model.pt")
    with pytest.raises(ModelFileInvalid, match=f"has format 1, this code reads {FILE_FORMAT}"):
        load_classifier(tmp_path / "model.pt")
