"""Serving: the four functions that the inference toolkit calls, seeing pictures as training does."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from image_list import read_labelled_images
from inference import (
    RequestRefused,
    input_fn,
    model_fn,
    output_fn,
    predict_fn,
)
from model import Classifier, ModelConfig, ModelFileInvalid, build_classifier, pack_classifier


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = build_classifier(ModelConfig(("bicycle", "motorcycle"), 2, mean=(0.5,) * 3, std=(0.25,) * 3, temperature=1))
    net.stem.normal_()
    (tmp_path / "model.pt").write_bytes(pack_classifier(net))
    return tmp_path


@pytest.fixture
def model(model_dir: Path) -> Classifier:
    return model_fn(str(model_dir))


def png(size: tuple[int, int] = (32, 32)) -> bytes:
    pixels = np.random.default_rng(8).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def test_a_picture_in_gives_a_flat_json_array_of_probabilities(model: Classifier) -> None:
    answer, content_type = output_fn(predict_fn(input_fn(png(), "image/png"), model), "application/json")
    assert content_type == "application/json"
    bicycle, motorcycle = json.loads(answer)
    assert bicycle + motorcycle == pytest.approx(1, abs=1e-6)
    assert 0 <= bicycle <= 1


@pytest.mark.parametrize("size", [(32, 32), (33, 31), (640, 480), (1, 1)])
@pytest.mark.parametrize(
    ("image_format", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "L"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
    ],
)
def test_serving_preprocesses_exactly_as_training_does(
    tmp_path: Path, size: tuple[int, int], image_format: str, mode: str
) -> None:
    Image.open(io.BytesIO(png(size))).convert(mode).save(tmp_path / "picture", image_format)
    (tmp_path / "train.lst").write_text("0\t0\tpicture\n")
    trained_on = read_labelled_images(tmp_path, tmp_path, class_count=2, size=32).pixels
    served = input_fn((tmp_path / "picture").read_bytes(), "application/x-image")
    assert served.dtype == trained_on.dtype
    assert torch.equal(served, trained_on)


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "image/jpeg", "application/x-image", "IMAGE/PNG", "image/png; charset=binary"],
)
def test_supported_content_types_are_taken(content_type: str) -> None:
    assert input_fn(bytearray(png()), content_type).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("content_type", ["application/json", "text/csv", "image/gif", ""])
def test_other_content_types_are_refused_with_those_that_are_taken(content_type: str) -> None:
    with pytest.raises(RequestRefused, match="image/png, image/jpeg, application/x-image") as refused:
        input_fn(png(), content_type)
    assert refused.value.status_code == 415


@pytest.mark.parametrize("body", [b"", b"[0.1, 0.9]", png()[:100], "text"])
def test_a_body_that_is_no_picture_is_refused_as_the_clients_fault(body: bytes) -> None:
    with pytest.raises(RequestRefused, match=r"image") as refused:
        input_fn(body, "image/png")
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "*/*",
        "",
        None,
        "Application/JSON; charset=utf-8",
        "text/csv, application/json;q=0.5",
    ],
)
def test_json_is_answered_wherever_it_is_accepted(accept: str | None) -> None:
    assert output_fn(torch.tensor([[0.25, 0.75]]), accept) == ("[0.25, 0.75]", "application/json")


@pytest.mark.parametrize("accept", ["text/csv", "application/x-npy", "application/jsonlines"])
def test_another_accept_is_refused(accept: str) -> None:
    with pytest.raises(RequestRefused, match="accept application/json") as refused:
        output_fn(torch.tensor([[0.25, 0.75]]), accept)
    assert refused.value.status_code == 406


def test_a_model_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileInvalid, match=r"model\.pt"):
        model_fn(str(tmp_path))
