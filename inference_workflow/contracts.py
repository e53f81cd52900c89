"""Every event and answer of the workflow, as models. Unknown members are ignored: events carry more than we read.

The served model answers a JSON array `[p_bicycle, p_motorcycle]`. Members are named as in the state machine's input
`{"image_data": "", "s3_bucket": ..., "s3_key": ...}` and stay the same from the first state to the last.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

DEFAULT_THRESHOLD = 0.93
# A float32 softmax printed with four digits is this far from 1 at the most, with room.
SUM_TOLERANCE = 0.01

Label = Literal["bicycle", "motorcycle"]
CLASSES: tuple[Label, Label] = ("bicycle", "motorcycle")


def _within_bounds(value: float) -> float:
    return min(1.0, max(0.0, value))


Threshold = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]
# the exponential of a float32 log-softmax can be a rounding error above 1
Probability = Annotated[
    float, Field(ge=-1e-6, le=1.0 + 1e-6, allow_inf_nan=False, strict=True), AfterValidator(_within_bounds)
]


def _json_text_too(value: Any) -> Any:
    """The learner projects hand the endpoint's answer on as the text that it was."""
    return json.loads(value) if isinstance(value, str | bytes) else value


def _sum_to_one(values: tuple[float, float]) -> tuple[float, float]:
    total = math.fsum(values)
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"the probabilities sum to {total:.4g}, not to 1")
    return values


Inferences = Annotated[tuple[Probability, Probability], BeforeValidator(_json_text_too), AfterValidator(_sum_to_one)]


class Execution(BaseModel):
    """The state machine's execution, from its context object. Empty when a function is called by itself."""

    id: str = ""
    name: str = ""
    state_machine: str = ""


class ImageRequest(BaseModel):
    """What SerializeImageData takes: where an image is. `image_data`, empty by contract, is not read."""

    s3_bucket: str = Field(min_length=3, max_length=63)
    s3_key: str = Field(min_length=1, max_length=1024)
    threshold: Threshold | None = None


class SerializedImage(BaseModel):
    """What SerializeImageData answers and ClassifyImage takes.

    `image_data` is base64 text of the image's bytes, or empty: then the image is the object at s3_bucket and s3_key
    whose entity tag is `s3_etag` (any version of it without one).
    """

    image_data: str = ""
    s3_bucket: str = ""
    s3_key: str = ""
    s3_etag: str | None = None
    threshold: Threshold | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> SerializedImage:
        if not self.image_data and not (self.s3_bucket and self.s3_key):
            raise ValueError("neither image_data nor an s3_bucket and s3_key to read it from")
        return self


class ClassifiedImage(BaseModel):
    """What ClassifyImage answers and FilterLowConfidence takes. `inferences` is `[p_bicycle, p_motorcycle]`.

    `inference_id` is the InferenceId under which the endpoint captured the request: ground truth is joined on it.
    """

    image_data: str = ""
    s3_bucket: str = ""
    s3_key: str = ""
    inferences: Inferences
    inference_id: str = ""
    threshold: Threshold | None = None


class ConfidentImage(BaseModel):
    """What FilterLowConfidence answers: the label that RouteDelivery chooses by. `confidence` is its probability."""

    s3_bucket: str = ""
    s3_key: str = ""
    inferences: Inferences
    inference_id: str = ""
    label: Label
    confidence: Probability
    threshold: Threshold


class Doubt(BaseModel):
    """The message of the error ThresholdNotMet, as JSON: the label nearly given, and why it was not."""

    message: str
    label: Label
    confidence: Probability
    threshold: Threshold


class ReviewRequest(BaseModel):
    """A message in the human-review queue. `execution` is the ARN of the execution that asks."""

    s3_bucket: str
    s3_key: str
    inference_id: str
    execution: str
    doubt: Doubt


class Assignment(BaseModel):
    """What an execution ends with: which orders the courier of this picture gets."""

    s3_bucket: str
    s3_key: str
    inference_id: str
    label: Label
    confidence: Probability
    assignment: Literal["nearby", "farther"]


class ResultWriterDetails(BaseModel):
    """Where a Distributed Map wrote its manifest."""

    bucket: str = Field(alias="Bucket")
    key: str = Field(alias="Key")


class BulkResults(BaseModel):
    """What SummarizeBulk takes: the output of the Distributed Map."""

    map_run_arn: str = Field(alias="MapRunArn")
    details: ResultWriterDetails = Field(alias="ResultWriterDetails")


class BulkSummary(BaseModel):
    """What became of a prefix's objects: `images` is the sum of all counts below it. `failed` counts by error name."""

    map_run: str
    manifest: str
    summary: str
    images: int
    assigned: dict[str, int]
    review: int
    skipped: int
    failed: dict[str, int]
    not_run: int
