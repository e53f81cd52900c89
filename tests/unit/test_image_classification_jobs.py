"""Jobs of the built-in image-classification algorithm below a folder that is their /opt/ml, and its web application."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from PIL import Image

from local_aws.images.image_classification import artefact
from local_aws.images.image_classification.entry_point import run_training
from local_aws.images.image_classification.recordio import MAGIC
from local_aws.images.image_classification.serving import load_application

IMAGES = "application/x-image"
LISTED = {name: IMAGES for name in ("train", "validation", "train_lst", "validation_lst")}
SMALL = {
    "num_classes": "2",
    "num_training_samples": "8",
    "image_shape": "3,8,8",
    "num_layers": "20",
    "mini_batch_size": "4",
    "epochs": "1",
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are slowest where threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def png(number: int, side: int = 8) -> bytes:
    target = io.BytesIO()
    noise = numpy.random.default_rng(number).integers(0, 128, (side, side, 3))
    noise[..., number % 2] += 127
    Image.fromarray(noise.astype(numpy.uint8)).save(target, "PNG")
    return target.getvalue()


class OptMl:
    """A folder as a training container finds it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        for folder in ("input/config", "model", "output"):
            (base / folder).mkdir(parents=True)
        for channel in ("train", "validation"):
            for number in range(8):
                self.put(channel, f"{number}.png", png(number))
            rows = "".join(f"{number}\t{number % 2}\t{number}.png\n" for number in range(8))
            self.put(f"{channel}_lst", f"{channel}.lst", rows.encode())

    def put(self, channel: str, name: str, content: bytes) -> None:
        path = self.base / "input" / "data" / channel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def train(self, channels: dict[str, str] = LISTED, **hyperparameters: str) -> int:
        documents: dict[str, Any] = {
            "hyperparameters": {**SMALL, **hyperparameters},
            "inputdataconfig": {name: {"ContentType": kind} for name, kind in channels.items()},
            "resourceconfig": {"current_instance_type": "ml.g4dn.xlarge"},
        }
        for name, document in documents.items():
            (self.base / "input" / "config" / f"{name}.json").write_text(json.dumps(document))
        return run_training(self.base)

    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()

    def model(self) -> list[str]:
        return sorted(path.name for path in (self.base / "model").iterdir())

    def weights(self) -> dict[str, torch.Tensor]:
        return artefact.load(self.base / "model").network.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.fixture
def opt_ml(tmp_path: Path) -> OptMl:
    return OptMl(tmp_path / "ml")


def test_the_model_is_that_of_the_best_epoch(opt_ml: OptMl, capsys: pytest.CaptureFixture[str]) -> None:
    assert opt_ml.train(epochs="3", top_k="2") == 0

    log = capsys.readouterr().out
    stored = [line.split("model/")[1].rstrip('"') for line in log.splitlines() if "Saved checkpoint" in line]
    assert opt_ml.model() == [stored[-1], "image-classification-symbol.json", "model-shapes.json"]
    for line in ("Epoch[2] Train-accuracy=", "Epoch[2] Train-top_k_accuracy_2=1.000000", "Epoch[2] Time cost="):
        assert line in log
    assert "the job asks for ml.g4dn.xlarge, and is run by the processor" in log
    shapes = json.loads((opt_ml.base / "model" / "model-shapes.json").read_text())
    assert shapes == [{"name": "data", "shape": [4, 3, 8, 8]}]


def test_another_number_of_samples_than_announced_is_said_and_trained_with(
    opt_ml: OptMl, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opt_ml.train(num_training_samples="7") == 0

    assert "num_training_samples is 7, and the train channel has 8 images" in capsys.readouterr().out


def test_with_a_frequency_all_checkpoints_are_kept(opt_ml: OptMl) -> None:
    assert opt_ml.train(epochs="5", checkpoint_frequency="2", augmentation_type="crop_color_transform") == 0

    assert [name for name in opt_ml.model() if name.endswith(".params")] == [
        "image-classification-0002.params",
        "image-classification-0004.params",
    ]


def test_the_same_job_gives_the_same_weights(opt_ml: OptMl, tmp_path: Path) -> None:
    again = OptMl(tmp_path / "again")

    assert opt_ml.train(augmentation_type="crop_color_transform") == 0
    assert again.train(augmentation_type="crop_color_transform") == 0

    assert same(opt_ml.weights(), again.weights())


def test_records_train_like_the_images_that_they_pack(opt_ml: OptMl, tmp_path: Path) -> None:
    packed = OptMl(tmp_path / "packed")
    for channel in ("train", "validation"):
        content = b""
        for number in range(8):
            record = (0).to_bytes(4, "little") + numpy.float32(number % 2).tobytes() + bytes(16) + png(number)
            content += (
                MAGIC.to_bytes(4, "little") + len(record).to_bytes(4, "little") + record + bytes(-len(record) % 4)
            )
        packed.put(channel, "all.rec", content)

    assert opt_ml.train() == 0
    assert packed.train({"train": "application/x-recordio", "validation": "application/x-recordio"}) == 0

    assert same(opt_ml.weights(), packed.weights())


def test_training_goes_on_from_the_model_channel(opt_ml: OptMl, tmp_path: Path) -> None:
    opt_ml.train()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as opened:
        opened.add(opt_ml.base / "model", arcname=".")
    later = OptMl(tmp_path / "later")
    later.put("model", "model.tar.gz", archive.getvalue())
    channels = {**LISTED, "model": "application/x-sagemaker-model"}

    # nothing is learned at a rate of 0, and the averages of the first network stay with momentum alone
    assert later.train(channels, learning_rate="0") == 0
    first, second = opt_ml.weights(), later.weights()
    assert all(torch.equal(first[name], second[name]) for name in first if "running" not in name and "num_" not in name)
    assert later.train(channels, num_classes="3") == 2
    assert "has num_classes 2, and the hyperparameter is 3" in later.failure()
    later.put("model", "model.tar.gz", b"no archive")
    assert later.train(channels) == 2
    assert "The model in the model channel cannot be used" in later.failure()


def test_several_labels_are_learned_and_answered_one_by_one(opt_ml: OptMl) -> None:
    for channel in ("train", "validation"):
        rows = "".join(f"{number}\t{number % 2}\t1\t0\t{number}.png\n" for number in range(8))
        opt_ml.put(f"{channel}_lst", f"{channel}.lst", rows.encode())

    assert opt_ml.train(num_classes="3", multi_label="1", use_weighted_loss="1") == 0

    answer = json.loads(ask(opt_ml)[2])
    assert len(answer) == 3 and all(0 <= one <= 1 for one in answer)


@pytest.mark.parametrize(
    ("hyperparameters", "channels", "reason"),
    [
        (
            {"mini_batch_size": "9"},
            LISTED,
            "The number of input images must be bigger or equal to the mini_batch_size.",
        ),
        ({"depth": "20"}, LISTED, "Additional hyperparameters are not allowed ('depth' was unexpected)"),
        ({}, {"train": IMAGES}, "'validation' is a required property"),
        ({}, {"train": IMAGES, "validation": IMAGES}, "'train_lst' is a required property"),
        ({}, {**LISTED, "test": IMAGES}, "Additional properties are not allowed ('test' was unexpected)"),
        ({}, {**LISTED, "train": ""}, "ContentType of the train channel is none, not application/x-image or"),
        ({}, {**LISTED, "validation": "application/x-recordio"}, "ContentType of the validation channel is"),
        ({"num_classes": "1"}, LISTED, "Invalid lst file in the train_lst channel. row 2 of train.lst: the label '1'"),
        ({"image_shape": "3,9,9"}, LISTED, "An image is smaller than image_shape 3,9,9"),
        (
            {"learning_rate": "1", "optimizer": "rmsprop", "gamma": "0", "eps": "0", "epochs": "9"},
            LISTED,
            "The loss is",
        ),
    ],
)
def test_mistakes_of_the_customer_end_with_code_2_and_their_reason(
    opt_ml: OptMl, hyperparameters: dict[str, str], channels: dict[str, str], reason: str
) -> None:
    assert opt_ml.train(channels, **hyperparameters) == 2

    assert reason in opt_ml.failure()


def test_a_fault_of_the_algorithm_ends_with_code_1(opt_ml: OptMl, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artefact.torch, "save", no_room)

    assert opt_ml.train() == 1
    assert opt_ml.failure() == "[Errno 28] No space left on device (caused by OSError)"


def ask(
    opt_ml: OptMl,
    body: bytes = png(1),
    content_type: str = "image/png",
    accept: str = "",
    path: str = "/invocations",
    **variables: str,
) -> tuple[int, str, bytes]:
    """Status, content type and body of an answer of the web application over the job's model."""
    application = load_application(opt_ml.base / "model", variables)
    told: list[Any] = []
    environ = {
        "REQUEST_METHOD": "POST" if path == "/invocations" else "GET",
        "PATH_INFO": path,
        "CONTENT_TYPE": content_type,
        "HTTP_ACCEPT": accept,
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(application(environ, lambda status, headers: told.extend((status, dict(headers)))))
    return int(told[0].split()[0]), told[1]["Content-Type"], content


def test_answers_have_the_form_that_is_accepted(opt_ml: OptMl) -> None:
    opt_ml.train()

    status, content_type, content = ask(opt_ml)
    found = json.loads(content)
    assert (status, content_type) == (200, "application/json")
    assert len(found) == 2 and sum(found) == pytest.approx(1)
    assert ask(opt_ml, content_type="application/x-image", accept="*/*")[2] == content
    lines = ask(opt_ml, accept="application/jsonlines")
    assert lines[:2] == (200, "application/jsonlines") and json.loads(lines[2]) == {"prediction": found}
    assert ask(opt_ml, SAGEMAKER_BATCH="true")[2] == lines[2]
    assert json.loads(ask(opt_ml, accept="application/json", SAGEMAKER_BATCH="true")[2]) == found
    verbose = json.loads(ask(opt_ml, accept="application/jsonlines; verbose")[2])
    assert verbose["probabilities"] == found and verbose["labels"] == ["0", "1"]
    assert verbose["predicted_label"] == str(found.index(max(found)))


def test_images_of_any_size_are_answered_and_others_refused(opt_ml: OptMl) -> None:
    opt_ml.train()

    assert ask(opt_ml, png(2, side=21))[0] == 200
    assert ask(opt_ml, b"no image")[0] == 400
    assert b"Unable to decode the image" in ask(opt_ml, b"no image")[2]
    assert ask(opt_ml, content_type="text/csv")[0] == 415
    assert ask(opt_ml, accept="text/csv")[0] == 406
    assert ask(opt_ml, path="/ping")[0] == 200
    assert ask(opt_ml, path="/elsewhere")[0] == 404
    parameters = json.loads(ask(opt_ml, path="/execution-parameters", SAGEMAKER_MODEL_SERVER_WORKERS="2")[2])
    assert parameters == {"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 6}


def test_other_models_are_refused_with_the_reason(opt_ml: OptMl) -> None:
    opt_ml.train()
    folder = opt_ml.base / "model"
    (params,) = folder.glob("*.params")
    params.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(artefact.ModelUnreadable, match="does not hold the weights"):
        artefact.load(folder)
    params.unlink()
    with pytest.raises(artefact.ModelUnreadable, match=r"there is no image-classification-NNNN\.params"):
        artefact.load(folder)
    (folder / artefact.SYMBOL).write_text('{"nodes": [], "attrs": {"mxnet_version": ["int", 10300]}}')
    with pytest.raises(artefact.ModelUnreadable, match="are MXNet's"):
        artefact.load(folder)
