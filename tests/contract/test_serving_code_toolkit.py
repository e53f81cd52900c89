"""Our serving code in AWS's own inference toolkit: what an endpoint would answer, status by status."""

from __future__ import annotations

import io
import json
import struct
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sagemaker_inference.transformer import Transformer

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from model import ModelConfig, build_classifier, pack_classifier


class Server:
    """The model server's side of the toolkit: a context with the request's headers, keeping the answer's status."""

    def __init__(self, model_dir: Path) -> None:
        self.system_properties = {"model_dir": str(model_dir)}
        self.transformer = Transformer()

    def post(self, body: bytes, content_type: str, accept: str = "application/json") -> tuple[int, str, str]:
        """Status, body and content type of the answer."""
        self.status, self.content_type = 200, "text/plain"
        headers = {"Content-Type": content_type, "Accept": accept}
        self.request_processor = [SimpleNamespace(get_request_properties=lambda: headers)]
        (answer,) = self.transformer.transform([{"body": bytearray(body)}], self)
        return self.status, answer, self.content_type

    def set_response_status(self, code: int, phrase: str) -> None:
        self.status = code

    def set_response_content_type(self, _index: int, content_type: str) -> None:
        self.content_type = content_type


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("SAGEMAKER_PROGRAM", "inference.py")
    torch.manual_seed(0)
    net = build_classifier(ModelConfig(("bicycle", "motorcycle"), 2, mean=(0.5,) * 3, std=(0.25,) * 3, temperature=1))
    net.stem.normal_()
    (tmp_path / "model.pt").write_bytes(pack_classifier(net))
    return Server(tmp_path)


def encoded(mode: str = "RGB", size: tuple[int, int] = (32, 32), kind: str = "PNG", **options: Any) -> bytes:
    pixels = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "application/x-image"])
@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_a_picture_is_answered_with_two_probabilities_as_json(server: Server, content_type: str, accept: str) -> None:
    status, answer, answered_as = server.post(encoded(), content_type, accept)
    assert (status, answered_as) == (200, "application/json")
    assert sum(json.loads(answer)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "LA", "RGBA", "1", "I;16"])
def test_every_colour_mode_of_png_is_taken(server: Server, mode: str) -> None:
    assert server.post(encoded(mode), "image/png")[0] == 200


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_colour_mode_of_jpeg_is_taken(server: Server, mode: str) -> None:
    assert server.post(encoded(mode, (48, 20), "JPEG"), "image/jpeg")[0] == 200


def test_a_rotated_photograph_is_seen_as_a_person_sees_it(server: Server) -> None:
    upright = Image.open(io.BytesIO(encoded(size=(32, 32), kind="PNG")))
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    content = io.BytesIO()
    turned.save(content, "PNG", exif=exif)
    plain = io.BytesIO()
    upright.save(plain, "PNG")
    seen, expected = (server.post(body.getvalue(), "image/png")[1] for body in (content, plain))
    assert json.loads(seen) == pytest.approx(json.loads(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty: 0 bytes"),
        (b"not an image", "not a PNG or JPEG image"),
        (b"GIF89a" + bytes(100), "not a PNG or JPEG image"),
        (encoded()[:200], "damaged image"),
        (encoded(kind="JPEG")[:300], "damaged image"),
        (bomb(), "too large"),
    ],
)
def test_what_is_no_picture_is_the_clients_error_in_one_line(server: Server, body: bytes, words: str) -> None:
    status, answer, _ = server.post(body, "image/png")
    assert status == 400
    assert words in answer.splitlines()[0]


@pytest.mark.parametrize("content_type", ["text/csv", "application/json", "image/gif", "application/octet-stream"])
def test_another_content_type_is_415(server: Server, content_type: str) -> None:
    status, answer, _ = server.post(b"[1]", content_type)
    assert status == 415
    assert answer.splitlines()[0].endswith("send one of image/png, image/jpeg, application/x-image")


def test_an_answer_that_the_client_does_not_take_is_406(server: Server) -> None:
    assert server.post(encoded(), "image/png", "text/csv")[0] == 406
