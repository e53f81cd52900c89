"""Serving code of the SageMaker PyTorch inference toolkit: one picture in, `[p_bicycle, p_motorcycle]` out.

Travels with the model (code/), beside model.py and image_decoding.py, and imports only those and torch.
"""

import json
from pathlib import Path

import torch
from image_decoding import ImageUnreadable, decode_image
from model import IMAGE_SIZE, MODEL_FILE, Classifier, load_classifier, log_probabilities
from torch import Tensor

CONTENT_TYPES = ("image/png", "image/jpeg", "application/x-image")
ACCEPTED = ("application/json", "application/*", "*/*")


class ContentTypeUnsupported(ValueError):
    """The request's body is said to be something else than a picture."""


class AcceptUnsupported(ValueError):
    """The client takes none of the formats that the answer can have."""


def model_fn(model_dir: str) -> Classifier:
    """Load model.pt of `model_dir`. Raises ModelFileInvalid if it is missing or damaged."""
    torch.set_num_threads(1)  # one small picture at a time: the server's workers are the parallelism
    return load_classifier(Path(model_dir) / MODEL_FILE)


def input_fn(request_body: bytes | bytearray, content_type: str) -> Tensor:
    """One encoded picture to uint8 pixels, 1 x 3 x 32 x 32, exactly as training reads it.

    Raises ContentTypeUnsupported, or ImageUnreadable if the body is not a PNG or JPEG of a reasonable size.
    """
    if _media_type(content_type) not in CONTENT_TYPES:
        raise ContentTypeUnsupported(
            f"content type {content_type!r} is not supported; send one of {', '.join(CONTENT_TYPES)}"
        )
    if not isinstance(request_body, bytes | bytearray):
        raise ImageUnreadable(f"the body is {type(request_body).__name__}, not the bytes of an image")
    pixels = decode_image(bytes(request_body), IMAGE_SIZE)
    return torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0)


def predict_fn(data: Tensor, model: Classifier) -> Tensor:
    """The probability of each class, 1 x classes, in the order of the training's --classes."""
    return log_probabilities(model, data).exp()


def output_fn(prediction: Tensor, accept: str | None) -> str:
    """A JSON array of the probabilities, which is what SageMaker's built-in image classifier answers too.

    Raises AcceptUnsupported if `accept` (an HTTP Accept header) leaves no room for application/json.
    """
    wanted = [_media_type(choice) for choice in (accept or "*/*").split(",")]
    if not set(wanted) & set(ACCEPTED):
        raise AcceptUnsupported(f"cannot answer as {accept!r}; accept application/json")
    return json.dumps(prediction[0].tolist())


def _media_type(header: str) -> str:
    return header.split(";")[0].strip().lower()
