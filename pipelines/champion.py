"""The champion, which a candidate must not fall behind: the version that was approved last. boto3 only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.registry import ModelPackageGroupMissing, ModelVersion, newest_approved

CHAMPION_PREDICTIONS_URI = "ChampionPredictionsUri"
PREDICTIONS = "predictions"


class ChampionPredictionsMissing(LookupError):
    """The champion's predictions are not where its registration says; the message says how to go on."""


@dataclass(frozen=True)
class ChampionChoice:
    """Parameters for an execution of the training pipeline, and in one line what it will be compared with."""

    parameters: Mapping[str, str]
    told: str


def choose_champion(sagemaker: Any, s3: Any, group: str, values: Mapping[str, str]) -> ChampionChoice:
    """The values to start with, ChampionPredictionsUri among them where there is a champion.

    A value given goes before; an empty one asks for no comparison. Otherwise it is the predictions of the newest
    approved version of the group. Left out, the pipeline's default stands for no champion.

    Raises ChampionPredictionsMissing: going on without them could let a worse model through unseen.
    """
    given = values.get(CHAMPION_PREDICTIONS_URI)
    others = {name: value for name, value in values.items() if name != CHAMPION_PREDICTIONS_URI}
    if given == "":
        return _without(others, "none, as asked")
    if given is not None:
        _require_predictions(s3, given, f"{CHAMPION_PREDICTIONS_URI}={given} names nothing in S3")
        return ChampionChoice(dict(values), f"champion: {given}")
    champion = _newest_approved(sagemaker, group)
    if champion is None:
        return _without(others, "none, as no version is approved")
    uri = champion.metadata.get(PREDICTIONS)
    if uri is None:
        return _without(others, f"none, as version {champion.version} was registered without its predictions")
    gone = f"the predictions of version {champion.version}, the champion, are no more at {uri}"
    _require_predictions(s3, uri, gone)
    return ChampionChoice({**others, CHAMPION_PREDICTIONS_URI: uri}, f"champion: version {champion.version}")


def _without(values: Mapping[str, str], why: str) -> ChampionChoice:
    return ChampionChoice(values, f"champion: {why}; the accuracy's bar alone counts")


def _newest_approved(sagemaker: Any, group: str) -> ModelVersion | None:
    try:
        return newest_approved(sagemaker, group)
    except ModelPackageGroupMissing:
        return None


def _require_predictions(s3: Any, uri: str, missing: str) -> None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    known = uri.startswith("s3://") and bucket and key
    if not known or not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"]:
        raise ChampionPredictionsMissing(
            f"{missing}: name a predictions.csv with --param {CHAMPION_PREDICTIONS_URI}=s3://…, or compare with none "
            f"by an empty value, --param {CHAMPION_PREDICTIONS_URI}="
        )
