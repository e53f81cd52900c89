"""`serve`: an image in, the probabilities of its classes out.

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html, "Inference with the Image Format
Algorithm".
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy
import torch

from . import artefact, batches, pixels
from .artefact import Model
from .scores import probabilities

WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]
IMAGES = ("image/png", "image/jpeg", "application/x-image")
JSON, LINES, LINES_VERBOSE, PLAIN = (
    "application/json",
    "application/jsonlines",
    "application/jsonlines;verbose",
    "text/plain",
)
MAX_PAYLOAD_MB = 6


@dataclass(frozen=True)
class Response:
    """An answer to a request."""

    status: int
    content_type: str
    body: bytes


class Refused(Exception):
    """A request that cannot be answered, by the fault of whoever sent it."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Classifier:
    """A model, and how its answers are written."""

    def __init__(self, model: Model, default_accept: str = JSON) -> None:
        self._model = model
        self._default_accept = default_accept

    def invoke(self, body: bytes, content_type: str, accept: str) -> Response:
        """The answer to POST /invocations. Raises Refused."""
        if (kind := content_type.split(";")[0].strip().lower()) not in IMAGES:
            known = ", ".join(IMAGES)
            raise Refused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-type {kind or 'none'} is not supported. Supported: {known}"
            )
        answer_type = self._answer_type(accept)
        found = [float(one) for one in self._probabilities(body)]
        return Response(HTTPStatus.OK, answer_type.split(";")[0], _written(found, answer_type))

    def _answer_type(self, accept: str) -> str:
        for part in accept.split(","):
            wanted = part.replace(" ", "").lower()
            if wanted in ("", "*/*", "application/*"):
                return self._default_accept
            if wanted in (JSON, LINES, LINES_VERBOSE):
                return wanted
        known = ", ".join((JSON, LINES, LINES_VERBOSE))
        raise Refused(HTTPStatus.NOT_ACCEPTABLE, f"Accept type {accept} is not supported. Supported: {known}")

    def _probabilities(self, body: bytes) -> torch.Tensor:
        architecture = self._model.architecture
        try:
            image = pixels.decode(body, architecture.image_shape.channels)
        except pixels.ImageUnreadable as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"Unable to decode the image: {error}") from error
        with torch.inference_mode():
            pixel_values = numpy.stack([pixels.scaled(image, architecture.image_shape)])
            scores = self._model.network(batches.as_tensor(pixel_values))
            return probabilities(scores, architecture.multi_label)[0]


def _written(found: list[float], answer_type: str) -> bytes:
    if answer_type == JSON:
        return json.dumps(found).encode()
    if answer_type == LINES:
        return json.dumps({"prediction": found}).encode() + b"\n"
    labels = [str(number) for number in range(len(found))]
    best = labels[found.index(max(found))]
    verbose = {"prediction": found, "probabilities": found, "labels": labels, "predicted_label": best}
    return json.dumps(verbose).encode() + b"\n"


def application(classifier: Classifier, variables: Mapping[str, str] = os.environ) -> WSGI:
    """The web application: /ping, /invocations and /execution-parameters."""
    parameters = {
        "MaxConcurrentTransforms": int(variables.get("SAGEMAKER_MODEL_SERVER_WORKERS") or 1),
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": MAX_PAYLOAD_MB,
    }

    def respond(environ: dict[str, Any]) -> Response:
        route = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if route == ("GET", "/ping"):
            return Response(HTTPStatus.OK, JSON, b"")
        if route == ("GET", "/execution-parameters"):
            return Response(HTTPStatus.OK, JSON, json.dumps(parameters).encode())
        if route != ("POST", "/invocations"):
            return Response(HTTPStatus.NOT_FOUND, PLAIN, b"there are /ping, /invocations and /execution-parameters")
        body = environ["wsgi.input"].read()
        try:
            return classifier.invoke(body, environ.get("CONTENT_TYPE") or "", environ.get("HTTP_ACCEPT") or "")
        except Refused as error:
            print(error, file=sys.stderr, flush=True)
            return Response(error.status, PLAIN, str(error).encode())

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = respond(environ)
        headers = [("Content-Type", response.content_type), ("Content-Length", str(len(response.body)))]
        start_response(f"{int(response.status)} {HTTPStatus(response.status).phrase}", headers)
        return [response.body]

    return answer


def load_application(folder: Path, variables: Mapping[str, str] = os.environ) -> WSGI:
    """The application of the model in a folder. Raises artefact.ModelUnreadable."""
    torch.set_num_threads(1)  # one small image at a time: the workers are the parallelism
    # the guide: JSON, or JSON Lines for batch transform
    default_accept = LINES if variables.get("SAGEMAKER_BATCH") == "true" else JSON
    return application(Classifier(artefact.load(folder), default_accept), variables)
