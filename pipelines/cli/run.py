"""`scones run`: starts an execution of the training pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from pipelines.cli.options import (
    AlgorithmOption,
    DatasetChoice,
    DatasetOption,
    JsonOption,
    ParamOption,
    PretrainOption,
    TargetChoice,
    TargetOption,
    WaitOption,
    connect,
    dataset_cache,
)
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, PIPELINE_NAME
from pipelines.training.algorithms import PYTORCH

if TYPE_CHECKING:
    from pipelines.champion import ChampionChoice
    from pipelines.cli.compile import Variant
    from pipelines.dataset import Dataset
    from pipelines.session import Target
    from pipelines.submission import ExecutionStatus

REJECTED = 3
INTERRUPTED = 130


class MalformedParameter(ValueError):
    """A `--param` that is not NAME=VALUE, or that the pipeline does not have, or of another type."""


def run(
    param: ParamOption = None,
    wait: WaitOption = False,
    dataset: DatasetOption = DatasetChoice.auto,
    algorithm: AlgorithmOption = PYTORCH.name,
    pretrain: PretrainOption = False,
    target: TargetOption = TargetChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Create or update the training pipeline and start an execution of it.

    Exit codes with --wait: 0 the model is registered, 3 the gate rejected it, 1 anything else.
    """
    from pipelines.cli.compile import Variant

    variant = Variant(algorithm, pretrain)
    values = read_parameters(param or [])
    place = connect(target)
    champion = find_champion(place, values)
    values = {**_by_hand(place), **champion.parameters}
    if "InputDataUri" not in values:
        values["InputDataUri"] = stage(place, dataset)[1]
    make_ready_to_deploy(place)
    if values.get("ModelApprovalStatus") == "Approved":
        # the deployment's steps are this execution's own
        bring_stack_up_to_date(place)
    arn = register_and_start(place, PIPELINE_NAME, values, variant)
    if not as_json:
        print(f"Started {arn}\n{champion.told[0].upper()}{champion.told[1:]}", flush=True)
    if wait:
        execution = follow_until_end(place, arn, as_json)
        report(execution, as_json)
    elif as_json:
        _print_json({"execution_arn": arn})
    else:
        print("Follow it with `scones executions`, stop it with `scones stop`.")


def read_parameters(given: list[str]) -> dict[str, str]:
    """NAME=VALUE pairs as a dictionary. Raises MalformedParameter."""
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise MalformedParameter(f"--param {text}: write NAME=VALUE, for example --param Epochs=10")
        values[name] = value
    return _checked_whys(values)


def find_champion(place: Target, values: dict[str, str]) -> ChampionChoice:
    """The values to start with, the champion's predictions among them. Raises ChampionPredictionsMissing."""
    from pipelines.champion import choose_champion
    from pipelines.names import MODEL_PACKAGE_GROUP_NAME

    return choose_champion(place.client("sagemaker"), place.client("s3"), MODEL_PACKAGE_GROUP_NAME, values)


def stage(place: Target, dataset: DatasetChoice) -> tuple[Dataset, str]:
    """Find, download or generate the archive and put it into S3; returns it and the URI for InputDataUri."""
    from pipelines.cli.compile import spinner
    from pipelines.cli.screen import progress_bar
    from pipelines.dataset import find_dataset, stage_dataset

    with progress_bar("Downloading CIFAR-100") as progress:
        found = find_dataset(dataset.value, dataset_cache(), progress)
    with spinner("Staging the data"):
        return found, stage_dataset(found, place.client("s3"), place.bucket)


def register_and_start(place: Target, pipeline: str, values: dict[str, str], variant: Variant | None = None) -> str:
    """Compile and register the pipeline of this name, and start it with these parameters; the execution's ARN.

    Raises MalformedParameter before anything is started.
    """
    register(place, pipeline, values, variant)
    return start(place, pipeline, values)


def start(place: Target, pipeline: str, values: dict[str, str]) -> str:
    """Start the pipeline of this name as it is registered; the execution's ARN. Its description is the reason."""
    from pipelines.retraining.reason import TRAINING_REASON
    from pipelines.submission import start_execution

    return start_execution(place.client("sagemaker"), pipeline, values, description=values.get(TRAINING_REASON))


def register(place: Target, pipeline: str, values: dict[str, str], variant: Variant | None = None) -> None:
    """Compile and register the pipeline of this name, and see that it takes these parameters.

    Raises MalformedParameter.
    """
    import json

    from pipelines.cli.compile import registered_definition, spinner
    from pipelines.definition import check_parameter_values

    with spinner(f"Compiling the pipeline {pipeline}"):
        definition = registered_definition(place, pipeline, variant)
    problems = check_parameter_values(json.loads(definition), values)
    if problems:
        raise MalformedParameter(f"--param {problems[0].path}: {problems[0].message}")


def bring_stack_up_to_date(place: Target) -> None:
    """Make or update what the deployment's Lambda steps call. Raises StackFailed."""
    from pipelines.cli.compile import spinner
    from pipelines.deployment.stack import deploy_stack

    with spinner("Bringing the stack of the deployment pipeline up to date"):
        deploy_stack(place)


def make_ready_to_deploy(place: Target) -> None:
    """Make what an approval's event starts, where it is not there yet: the stack with its rule, and the pipeline.

    What is there is brought up to date by a deployment. Raises StackFailed.
    """
    from pipelines.cli.compile import registered_definition, spinner
    from pipelines.deployment.stack import STACK_NAME
    from pipelines.stacks import find_stack
    from pipelines.submission import pipeline_exists

    if not find_stack(place.client("cloudformation"), STACK_NAME):
        bring_stack_up_to_date(place)
    if not pipeline_exists(place.client("sagemaker"), DEPLOYMENT_PIPELINE_NAME):
        with spinner(f"Compiling the pipeline {DEPLOYMENT_PIPELINE_NAME}"):
            registered_definition(place, DEPLOYMENT_PIPELINE_NAME)


def follow_until_end(place: Target, arn: str, quiet: bool = False) -> ExecutionStatus:
    """Follow on the screen; Ctrl-C leaves the execution alone and says how to look again."""
    from pipelines.cli.follow import follow

    try:
        return follow(place, arn, quiet)
    except KeyboardInterrupt:
        identifier = arn.rsplit("/", 1)[-1]
        print(f"\nNot waiting any more; the execution goes on. Look again: scones executions {identifier}")
        raise typer.Exit(INTERRUPTED) from None


def _by_hand(place: Target) -> dict[str, str]:
    from pipelines.identity import caller
    from pipelines.retraining.reason import BY_HAND, TRAINING_REASON, TRAINING_TRIGGER, USER, fitted

    return {
        TRAINING_REASON: fitted(f"{BY_HAND} by {caller(place.client('sts'))}", BY_HAND),
        TRAINING_TRIGGER: USER,
    }


def _checked_whys(values: dict[str, str]) -> dict[str, str]:
    """Reason and trigger, where they are given, as a version's metadata may hold them. Raises ReasonRefused."""
    from pipelines.retraining.reason import TRAINING_REASON, TRAINING_TRIGGER, check_text

    given = {name: values[name] for name in (TRAINING_REASON, TRAINING_TRIGGER) if name in values}
    return {**values, **{name: check_text(text, f"--param {name}") for name, text in given.items()}}


def report(execution: ExecutionStatus, as_json: bool) -> None:
    import sys
    from dataclasses import asdict

    from pipelines.executions import failure, rejection

    if as_json:
        _print_json(asdict(execution))
    if execution.status == "Succeeded":
        if not as_json:
            print("Succeeded. The registered versions: `scones models`.")
        return
    refused = rejection(execution)
    print(f"scones: {refused or failure(execution)}", file=sys.stderr)
    raise typer.Exit(REJECTED if refused else 1)


def _print_json(value: object) -> None:
    from pipelines.cli.screen import print_json

    print_json(value)
