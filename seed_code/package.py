"""`python -m seed_code.package`: the seed of this repository and the project template, put into S3.

    python -m seed_code.package --bucket BUCKET        uploads both, shows the template in Studio
    python -m seed_code.package --output seed.zip      writes the seed to a file, and uploads nothing

Prints where they are: under keys made from their content, so that what is there is not uploaded again. Where it goes
(AWS, or the local AWS) the environment says, as it does for `run-pipeline`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.console import run_reporting_errors
from pipelines.session import target_from_environment
from pipelines.source_code import PROJECT_ROOT, object_exists
from seed_code.packaging import PREFIX as TEMPLATES
from seed_code.packaging import ArchiveInS3, package_project
from seed_code.seed import Seed, read_seed
from seed_code.studio import DOMAIN_TAG, show_in_studio

PREFIX = "scones/seed"


@dataclass(frozen=True)
class Packaged:
    """Where seed and project template are: `seed` as s3://…, `template` as the URL that CloudFormation takes.

    `domain_tag` is what a SageMaker domain has to be tagged with for Studio to look here.
    """

    seed: str
    digest: str
    template: str
    domain_tag: str


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the addresses as JSON. Exits 1 on an error, after one line on stderr."""
    parser = argparse.ArgumentParser("seed_code.package", description=(__doc__ or "").partition("\n")[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--bucket", help="The bucket to upload to; ARTIFACT_BUCKET if not given.")
    where.add_argument("--output", type=Path, help="Write the seed to this file instead.")
    parser.add_argument("--root", type=Path, default=PROJECT_ROOT, help="The project's folder; this one if not given.")
    options = parser.parse_args(argv)
    sys.exit(run_reporting_errors(lambda: _run(options.root, options.bucket, options.output)))


def upload_seed(s3: Any, bucket: str, root: Path = PROJECT_ROOT) -> ArchiveInS3:
    """Uploads the project's seed, if it is not there yet; where it is. Raises SeedRefused."""
    return _upload(s3, bucket, read_seed(root))


def _run(root: Path, bucket: str | None, output: Path | None) -> int:
    seed = read_seed(root)
    if output is not None:
        _write(output, seed.content)
        print(json.dumps({"seed": str(output), "digest": seed.digest, "files": seed.files}, indent=2))
        return 0
    target = target_from_environment(bucket=bucket)
    s3, bucket = target.client("s3"), target.bucket
    source = _upload(s3, bucket, seed)
    template = package_project(target, source)
    show_in_studio(s3, bucket, template.key)
    where = f"{DOMAIN_TAG}=s3://{bucket}/{TEMPLATES}/"
    print(json.dumps(asdict(Packaged(f"s3://{bucket}/{source.key}", seed.digest, template.url, where)), indent=2))
    return 0


def _upload(s3: Any, bucket: str, seed: Seed) -> ArchiveInS3:
    key = f"{PREFIX}/{seed.digest}.zip"
    if not object_exists(s3, bucket, key):
        s3.put_object(Bucket=bucket, Key=key, Body=seed.content, ContentType="application/zip")
    return ArchiveInS3(bucket, key)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
