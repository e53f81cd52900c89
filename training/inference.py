"""Serving code of the SageMaker PyTorch inference toolkit: one picture in, `[p_bicycle, p_motorcycle]` out.

Travels with the model (code/), beside the modules that it imports; besides those, only torch and the
errors of the toolkit that calls it: any other error would be answered with status 500.
https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/errors.py
"""

import json
from http import HTTPStatus
from pathlib import Path

import torch
from image_decoding import ImageUnreadable, decode_image
from model import IMAGE_SIZE, MODEL_FILE, load_classifier
from sagemaker_inference.errors import BaseInferenceToolkitError
from serving_runtime import fastest_answers
from torch import Tensor, nn

CONTENT_TYPES = ("image/png", "image/jpeg", "application/x-image")
JSON = "application/json"
ACCEPTED = (JSON, "application/*", "*/*")


class RequestRefused(BaseInferenceToolkitError):
    """A request that cannot be answered, through no fault of the model: its status is one of 400 to 499."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(int(status), message, status.phrase)

    def __str__(self) -> str:
        return str(self.message)


def model_fn(model_dir: str) -> nn.Module:
    """model.pt of `model_dir` as what answers fastest. Raises ModelFileInvalid if it is missing or damaged."""
    torch.set_num_threads(1)  # one small picture at a time: the server's workers are the parallelism
    return fastest_answers(load_classifier(Path(model_dir) / MODEL_FILE))


def input_fn(request_body: bytes | bytearray, content_type: str) -> Tensor:
    """One encoded picture to uint8 pixels, 1 x 3 x 32 x 32, exactly as training reads it.

    Raises RequestRefused: 415 for another content type, 400 for a body that is not a PNG or JPEG of a reasonable
    size.
    """
    if _media_type(content_type) not in CONTENT_TYPES:
        wanted = ", ".join(CONTENT_TYPES)
        raise RequestRefused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content type {content_type!r} is not supported; send one of {wanted}"
        )
    if not isinstance(request_body, bytes | bytearray):
        what = type(request_body).__name__
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"the body is {what}, not the bytes of an image")
    try:
        pixels = decode_image(bytes(request_body), IMAGE_SIZE)
    except ImageUnreadable as error:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, str(error)) from error
    return torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0)


@torch.no_grad()
def predict_fn(data: Tensor, model: nn.Module) -> Tensor:
    """The probability of each class, 1 x classes, in the order of the training's --classes."""
    probabilities: Tensor = model(data).exp()
    return probabilities


def output_fn(prediction: Tensor, accept: str | None) -> tuple[str, str]:
    """A JSON array of the probabilities, as SageMaker's built-in image classifier answers, and its content type.

    Raises RequestRefused, 406, if `accept` (an HTTP Accept header) leaves no room for application/json.
    """
    wanted = [_media_type(choice) for choice in (accept or "*/*").split(",")]
    if not set(wanted) & set(ACCEPTED):
        raise RequestRefused(HTTPStatus.NOT_ACCEPTABLE, f"cannot answer as {accept!r}; accept {JSON}")
    return json.dumps(prediction[0].tolist()), JSON


def _media_type(header: str) -> str:
    return header.split(";")[0].strip().lower()
