"""With what a retraining starts: the champion's recipe, the new images of this moment, and who wanted it why."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.champion import choose_champion
from pipelines.names import ENDPOINT_NAME, GROUND_TRUTH_PREFIX, MODEL_PACKAGE_GROUP_NAME
from pipelines.retraining.new_images import collect_new_images
from pipelines.retraining.places import NEW_IMAGES_PREFIX, SNAPSHOTS_PREFIX
from pipelines.retraining.reason import BY_HAND, TRAINING_REASON, TRAINING_TRIGGER, USER, fitted
from pipelines.retraining.recipe import Tell, champion_recipe
from pipelines.retraining.snapshot import take_snapshot
from pipelines.session import Target

NEW_IMAGES_URI = "NewImagesUri"


def retraining_parameters(
    target: Target,
    reason: str,
    trigger: str,
    *,
    values: Mapping[str, str] | None = None,
    algorithm: str | None = None,
    endpoint: str = ENDPOINT_NAME,
    group: str = MODEL_PACKAGE_GROUP_NAME,
    tell: Tell = lambda line: None,
) -> dict[str, str]:
    """The parameters that an execution of the training pipeline is started with to retrain.

    Human answers about the endpoint's pictures are collected as new images, and a snapshot of all new images is taken,
    which NewImagesUri names; left out where there are none, or where `values` have it as empty. The recipe is the
    champion's, for `algorithm` (None for the champion's own; `pipelines.retraining.recipe`). `values` go before all of
    these. `tell` gets a line about each thing that was found. Reason and trigger are made to fit a version's
    metadata (256 characters).

    Raises ChampionPredictionsMissing, NewImagesRefused, ClientError.
    """
    sagemaker, s3 = target.client("sagemaker"), target.client("s3")
    given = dict(values or {})
    found = {
        **champion_recipe(sagemaker, group, algorithm, tell),
        **({} if NEW_IMAGES_URI in given else _new_images(target, endpoint, tell)),
    }
    why = {TRAINING_REASON: fitted(reason, BY_HAND), TRAINING_TRIGGER: fitted(trigger, USER)}
    champion = choose_champion(sagemaker, s3, group, {**found, **why, **given})
    tell(champion.told)
    # as of the champion: an empty value asks for the pipeline's default, which is none
    return {name: value for name, value in champion.parameters.items() if (name, value) != (NEW_IMAGES_URI, "")}


def _new_images(target: Target, endpoint: str, tell: Tell) -> dict[str, str]:
    s3, bucket = target.client("s3"), target.bucket
    tell(collect_new_images(s3, bucket, f"{GROUND_TRUTH_PREFIX}/{endpoint}", NEW_IMAGES_PREFIX).told)
    snapshot = take_snapshot(s3, bucket, NEW_IMAGES_PREFIX, SNAPSHOTS_PREFIX)
    if snapshot is None:
        tell(f"new images: none at s3://{bucket}/{NEW_IMAGES_PREFIX}")
        return {}
    tell(snapshot.told)
    return {NEW_IMAGES_URI: snapshot.uri}
