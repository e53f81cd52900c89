"""The predictions of no champion: a predictions.csv with a header and no rows.

A processing input cannot be left out by a parameter, so where there is no champion ChampionPredictionsUri points
here. Content in its name: the address is the same in every execution, as the step cache wants it.
"""

from __future__ import annotations

import hashlib

from pipelines.names import CLASSES
from pipelines.source_code import CodeBundle

FILE = "predictions.csv"


def no_champion(bucket: str, prefix: str) -> CodeBundle:
    """The file as an object to stage under `prefix`. Its header is the contract of processing/predictions_file.py."""
    columns = ["image_sha256", "file_name", "label", *(f"p_{name}" for name in CLASSES)]
    content = (",".join(columns) + "\n").encode()
    digest = hashlib.sha256(content).hexdigest()
    key = f"{prefix}/no-champion/{digest}/{FILE}"
    return CodeBundle(uri=f"s3://{bucket}/{key}", digest=digest, bucket=bucket, objects={key: content})
