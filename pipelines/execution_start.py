"""How `run-pipeline` starts an execution: its parameters, description and token, those of a retraining among them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pipelines.build_environment import BuildEnvironment, Push, Retraining
from pipelines.executions import list_executions
from pipelines.names import ENDPOINT_NAME, MODEL_PACKAGE_GROUP_NAME
from pipelines.retraining.reason import BY_HAND, CODEBUILD, PUSH, TRAINING_REASON, TRAINING_TRIGGER, USER, fitted
from pipelines.session import target_from_environment
from pipelines.submission import start_execution

UNDER_WAY = frozenset({"Executing", "Stopping"})
WHYS = frozenset({TRAINING_REASON, TRAINING_TRIGGER})

Tell = Callable[[str], object]


class RetrainingUnderWay(RuntimeError):
    """Of retrainings there is one at a time; the message names the execution."""


@dataclass(frozen=True)
class Start:
    """What StartPipelineExecution is given. With a `token` that was given before, it answers with that execution."""

    parameters: Mapping[str, str]
    description: str | None = None
    token: str | None = None


def as_trained_before(module: ModuleType, kwargs: Mapping[str, Any], build: BuildEnvironment) -> dict[str, Any]:
    """The kwargs of the module's get_pipeline, for a retraining those that train as the champion was trained."""
    if build.retraining is None or not hasattr(module, "get_retraining_kwargs"):
        return dict(kwargs)
    return dict(module.get_retraining_kwargs(**kwargs))


def start_described(sagemaker: Any, pipeline: str, start: Start) -> str:
    """Start the pipeline; the execution's ARN."""
    return start_execution(
        sagemaker, pipeline, start.parameters, description=start.description, client_request_token=start.token
    )


def with_push(push: Push, parameters: Mapping[str, str], known: Collection[str]) -> Start:
    """How a build by a push starts: with these parameters, and with what was pushed as the reason.

    `known` are the parameters that the pipeline has, as for `with_retraining`.
    """
    reason = fitted(f"{PUSH} of {push.code_version}" if push.code_version else PUSH, PUSH)
    if not set(known) >= WHYS:
        return Start(parameters, reason)
    return Start({**parameters, TRAINING_REASON: reason, TRAINING_TRIGGER: CODEBUILD}, reason)


def with_retraining(
    retraining: Retraining, sagemaker: Any, pipeline: str, known: Collection[str], kwargs: Mapping[str, Any], tell: Tell
) -> Start:
    """How a retraining starts: as the champion was trained, with the new images, and with reason and trigger.

    `known` are the parameters that the pipeline has: one without reason and trigger gets the description alone.
    `kwargs` are those of get_pipeline. Raises RetrainingUnderWay, ChampionPredictionsMissing, NewImagesRefused.
    """
    _require_nothing_under_way(sagemaker, pipeline)
    reason, trigger = fitted(retraining.reason, BY_HAND), fitted(retraining.trigger, USER)
    tell(f"retraining asked for by {trigger}: {reason}")
    if not set(known) >= WHYS:
        return Start({}, reason, retraining.token)

    # Imported here: its parts are the training pipeline's own.
    from pipelines.retraining import retraining_parameters

    target = target_from_environment(
        region=kwargs.get("region"), role_arn=kwargs.get("role"), bucket=kwargs.get("default_bucket")
    )
    parameters = retraining_parameters(
        target,
        reason,
        trigger,
        algorithm=kwargs.get("algorithm"),
        endpoint=kwargs.get("endpoint_name", ENDPOINT_NAME),
        group=kwargs.get("model_package_group_name", MODEL_PACKAGE_GROUP_NAME),
        tell=tell,
    )
    return Start({name: value for name, value in parameters.items() if name in known}, reason, retraining.token)


def _require_nothing_under_way(sagemaker: Any, pipeline: str) -> None:
    for one in list_executions(sagemaker, pipeline):
        if one["PipelineExecutionStatus"] in UNDER_WAY:
            raise RetrainingUnderWay(f"no retraining while {one['PipelineExecutionArn']} is under way")
