"""New images of which there are none: a folder in S3 with a marker in it and no picture.

A processing input cannot be left out by a parameter, and one that matches no object fails the job; so unless an
execution says otherwise NewImagesUri points here. Content in its name: the address is always the same, as the step
cache wants it.
"""

from __future__ import annotations

import hashlib

from pipelines.source_code import CodeBundle

FILE = "NO-NEW-IMAGES.txt"
CONTENT = b"No new images: the pipeline parameter NewImagesUri points here unless it is set.\n"


def no_new_images(bucket: str, prefix: str) -> CodeBundle:
    """The marker as an object to stage under `prefix`; its URI is that of its folder."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    folder = f"{prefix}/no-new-images/{digest}"
    return CodeBundle(
        uri=f"s3://{bucket}/{folder}", digest=digest, bucket=bucket, objects={f"{folder}/{FILE}": CONTENT}
    )
