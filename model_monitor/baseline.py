"""The baseline that an endpoint's records are compared with: its package's own, or a renewed one. boto3 only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_monitor.names import Places
from model_monitor.preprocessor import features_at, upload_local
from model_monitor.stored import StoredFileDamaged, StoredFileMissing, read_object, split_uri

# CustomerMetadataProperties of a package: the S3 URI of the preprocessor that its baseline was made with
PREPROCESSOR_METADATA = "record_preprocessor"
DOCUMENT = "baseline.json"
STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"
# folders of a renewed baseline
DATA_QUALITY_FOLDER, MODEL_QUALITY_FOLDER = "data-quality", "model-quality"


class BaselineMissing(LookupError):
    """The package, or the place that was given, has no baseline."""


class BaselineUnusable(ValueError):
    """A baseline that is damaged, or that is another model's; the message says which."""


@dataclass(frozen=True)
class BaselineFiles:
    """S3 URIs. `preprocessor` is None where the baseline does not say what it was made with; `quality_constraints`
    where there is none for model quality."""

    statistics: str
    constraints: str
    preprocessor: str | None = None
    quality_constraints: str | None = None


@dataclass(frozen=True)
class Baseline:
    """A baseline that was read and checked. `origin` is "package", or the URI of its folder.

    `features` are those of the statistics, in their order; `items` counts the pictures that they were made of.
    """

    package_arn: str
    origin: str
    statistics: str
    constraints: str
    preprocessor: str
    quality_constraints: str | None
    features: tuple[str, ...]
    items: int


def package_baseline(sagemaker: Any, s3: Any, package_arn: str, places: Places, kms_key: str | None = None) -> Baseline:
    """The baseline in the package's DriftCheckBaselines.

    A package that names no record preprocessor gets this project's, which is uploaded.
    Raises BaselineMissing, BaselineUnusable, FeaturesUnknown.
    """
    package = sagemaker.describe_model_package(ModelPackageName=package_arn)
    return check(s3, files_of_package(package, package_arn), package_arn, "package", places, kms_key)


def given_baseline(s3: Any, folder: str, package_arn: str, places: Places, kms_key: str | None = None) -> Baseline:
    """The baseline in a folder of S3: one that was renewed (it has a baseline.json), or two files made by hand.

    Raises BaselineMissing, BaselineUnusable if it belongs to another package than `package_arn`, FeaturesUnknown.
    """
    folder = folder.rstrip("/")
    return check(s3, files_in_folder(s3, folder, package_arn), package_arn, folder, places, kms_key)


def renewed_folder(s3: Any, places: Places, endpoint: str, package_arn: str) -> str:
    """The folder of the latest baseline made from the live endpoint for that package. Raises BaselineMissing."""
    version = package_arn.rsplit("/", 1)[-1]
    bucket, prefix = split_uri(f"{places.baselines}/{endpoint}/{version}/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    made = [one for page in pages for one in page.get("Contents", []) if one["Key"].endswith(f"/{DOCUMENT}")]
    if not made:
        raise BaselineMissing(
            f"there is no renewed baseline of version {version} at endpoint {endpoint}: "
            "`scones monitor baseline --renew` makes one"
        )
    latest = max(made, key=lambda one: one["LastModified"])["Key"]
    return f"s3://{bucket}/{latest.removesuffix(f'/{DOCUMENT}')}"


def files_of_package(package: Mapping[str, Any], package_arn: str) -> BaselineFiles:
    """`package` is DescribeModelPackage's answer. Raises BaselineMissing."""
    baselines = package.get("DriftCheckBaselines", {})
    data, quality = baselines.get("ModelDataQuality", {}), baselines.get("ModelQuality", {})
    if "Statistics" not in data or "Constraints" not in data:
        raise BaselineMissing(
            f"the package {package_arn} carries no baseline (DriftCheckBaselines.ModelDataQuality): "
            "make one from the live endpoint with `scones monitor baseline --renew`"
        )
    return BaselineFiles(
        statistics=data["Statistics"]["S3Uri"],
        constraints=data["Constraints"]["S3Uri"],
        preprocessor=package.get("CustomerMetadataProperties", {}).get(PREPROCESSOR_METADATA),
        quality_constraints=quality.get("Constraints", {}).get("S3Uri"),
    )


def files_in_folder(s3: Any, folder: str, package_arn: str) -> BaselineFiles:
    """Raises BaselineUnusable, where its baseline.json names another package than `package_arn`."""
    try:
        document = read_object(s3, f"{folder}/{DOCUMENT}")
    except StoredFileMissing:
        return BaselineFiles(f"{folder}/{STATISTICS}", f"{folder}/{CONSTRAINTS}")
    except StoredFileDamaged as error:
        raise BaselineUnusable(str(error)) from error
    if document.get("model_package_arn") != package_arn:
        raise BaselineUnusable(
            f"the baseline {folder} belongs to {document.get('model_package_arn')}, and {package_arn} is served"
        )
    return BaselineFiles(
        f"{folder}/{DATA_QUALITY_FOLDER}/{STATISTICS}",
        f"{folder}/{DATA_QUALITY_FOLDER}/{CONSTRAINTS}",
        document.get("record_preprocessor"),
        f"{folder}/{MODEL_QUALITY_FOLDER}/{CONSTRAINTS}",
    )


def check(
    s3: Any, files: BaselineFiles, package_arn: str, origin: str, places: Places, kms_key: str | None
) -> Baseline:
    """The baseline of these files. Raises BaselineMissing, BaselineUnusable, FeaturesUnknown."""
    try:
        statistics, constraints = read_object(s3, files.statistics), read_object(s3, files.constraints)
        if files.quality_constraints is not None:
            read_object(s3, files.quality_constraints)
        preprocessor = files.preprocessor or upload_local(s3, places, kms_key)
        makes = features_at(s3, preprocessor)
    except StoredFileMissing as error:
        raise BaselineMissing(f"the baseline of {package_arn} is not whole: {error}") from error
    except StoredFileDamaged as error:
        raise BaselineUnusable(f"the baseline of {package_arn} is damaged: {error}") from error
    features = _names(statistics, files.statistics)
    _require_same(_names(constraints, files.constraints), files.constraints, features, files.statistics)
    _require_same(features, files.statistics, makes, preprocessor)
    return Baseline(
        package_arn=package_arn,
        origin=origin,
        statistics=files.statistics,
        constraints=files.constraints,
        preprocessor=preprocessor,
        quality_constraints=files.quality_constraints,
        features=features,
        items=_item_count(statistics, files.statistics),
    )


def _names(document: Mapping[str, Any], uri: str) -> tuple[str, ...]:
    try:
        names = tuple(str(feature["name"]) for feature in document["features"])
    except (KeyError, TypeError) as error:
        raise BaselineUnusable(
            f"{uri} is not what Model Monitor writes: features with a name each are wanted"
        ) from error
    if not names:
        raise BaselineUnusable(f"{uri} has no features")
    return names


def _item_count(statistics: Mapping[str, Any], uri: str) -> int:
    try:
        return int(statistics["dataset"]["item_count"])
    except (KeyError, TypeError, ValueError) as error:
        raise BaselineUnusable(f"{uri} does not say how many items it was made of (dataset.item_count)") from error


def _require_same(names: tuple[str, ...], uri: str, others: tuple[str, ...], other_uri: str) -> None:
    if set(names) == set(others):
        return
    lacks, has = sorted(set(others) - set(names)), sorted(set(names) - set(others))
    told = "; ".join(
        f"{which}: {', '.join(found)}" for which, found in (("it lacks", lacks), ("only it has", has)) if found
    )
    raise BaselineUnusable(f"{uri} is a baseline of other features than {other_uri}: {told}")
