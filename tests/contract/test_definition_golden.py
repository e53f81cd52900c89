"""The compiled pipelines: the same bytes every time, as the golden copies say, and acceptable to the service."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.definition import check_definition, diff_definitions, format_definition, mask_digests
from pipelines.definition.document import all_steps, expressions
from pipelines.retraining.parameters import NEW_IMAGES_URI
from pipelines.retraining.reason import TRAINING_REASON, TRAINING_TRIGGER
from pipelines.retraining.recipe import RECIPE
from pipelines.training.no_new_images import no_new_images
from processing.evaluate import OUTPUTS as EVIDENCE
from processing.evaluation import as_document
from processing.gates import PASSED
from processing.monitoring_baseline import FEATURES_FILE, QUALITY_FILE, QUALITY_HEADER
from tests.unit.processing_evidence import made_up_evaluation
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
PIPELINES = ("training_pipeline", "training_pipeline_image_classification", "deployment_pipeline")
STEPS = [
    "ExtractCifar",
    "TrainClassifier",
    "PerturbTestSet",
    "CreateModel",
    "ScoreTestSet",
    "EvaluateModel",
    "CheckQuality",
]
BASELINES = ("DataQualityBaseline", "ModelQualityBaseline")
PARAMETERS = {
    "InputDataUri",
    "ProcessingInstanceType",
    "ProcessingInstanceCount",
    "TrainingInstanceType",
    "InferenceInstanceType",
    "Epochs",
    "LearningRate",
    "Seed",
    "UsePretrainedModel",
    "AccuracyThreshold",
    "ModelApprovalStatus",
    "ChampionPredictionsUri",
    "EndpointName",
    "NewImagesUri",
    "TrainingReason",
    "TrainingTrigger",
}
WHYS = {"TrainingReason", "TrainingTrigger"}


def _compile(hash_seed: str) -> dict[str, list[str]]:
    """Each pipeline, plain and locked down, from a process of its own without AWS settings or network."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAGEMAKER_"))}
    done = subprocess.run(
        [sys.executable, "tests/golden/compile_pipelines.py"],
        cwd=ROOT,
        env={**environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    definitions: dict[str, list[str]] = json.loads(done.stdout)
    return definitions


@pytest.fixture(scope="module")
def compiled() -> dict[str, list[str]]:
    return _compile("1")


@pytest.fixture(scope="module")
def plain(compiled: dict[str, list[str]]) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(compiled["training_pipeline"][0])
    return definition


@pytest.fixture(scope="module")
def locked_down(compiled: dict[str, list[str]]) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(compiled["training_pipeline"][1])
    return definition


def _arguments(definition: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step["Arguments"] for step in definition["Steps"] if step["Name"] == name)


def _accepted(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """A step that runs when every gate was passed."""
    return next(step for step in _arguments(definition, "CheckQuality")["IfSteps"] if step["Name"] == name)


def test_two_processes_compile_to_the_same_bytes(compiled: dict[str, list[str]]) -> None:
    assert _compile("2") == compiled


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_definition_is_the_golden_one(compiled: dict[str, list[str]], pipeline: str) -> None:
    new = format_definition(mask_digests(compiled[pipeline][0]))
    old = (GOLDEN / f"{pipeline}.json").read_text(encoding="utf-8")
    assert new == old, f"run `make golden` if this was meant:\n{diff_definitions(old, new)}"


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_definition_has_no_problems(compiled: dict[str, list[str]], pipeline: str) -> None:
    assert [str(problem) for definition in compiled[pipeline] for problem in check_definition(definition)] == []


def test_steps_and_parameters_are_those_of_the_design(plain: dict[str, Any]) -> None:
    assert [step["Name"] for step in plain["Steps"]] == STEPS
    check = _arguments(plain, "CheckQuality")
    assert [step["Name"] for step in check["IfSteps"]] == [*BASELINES, "RegisterModel", "CheckApproval"]
    assert [step["Name"] for step in check["ElseSteps"]] == ["RejectModel"]
    assert {parameter["Name"] for parameter in plain["Parameters"]} == PARAMETERS


def test_every_hyperparameter_is_a_string_for_the_service(plain: dict[str, Any]) -> None:
    for value in _arguments(plain, "TrainClassifier")["HyperParameters"].values():
        assert isinstance(value, str) or set(value) == {"Std:Join"}


def test_no_job_prefix_is_a_prefix_of_another(plain: dict[str, Any]) -> None:
    """S3Prefix inputs match by prefix: test pictures next to test lists would score the lists too."""
    outputs = _arguments(plain, "ExtractCifar")["ProcessingOutputConfig"]["Outputs"]
    places = [json.dumps(output["S3Output"]["S3Uri"]["Std:Join"]["Values"])[:-2] for output in outputs]
    assert not [(one, two) for one in places for two in places if one != two and two.startswith(one)]


def test_the_training_cache_key_holds_nothing_of_the_execution(plain: dict[str, Any]) -> None:
    """The attributes that the service compares for a training step; an execution id in them and it is never
    hit."""
    training = _arguments(plain, "TrainClassifier")
    key = {
        name: training.get(name)
        for name in (
            "AlgorithmSpecification",
            "CheckpointConfig",
            "Environment",
            "HyperParameters",
            "InputDataConfig",
        )
    }
    assert "Execution." not in json.dumps(key)


def test_checkpoints_are_apart_for_other_pictures_code_and_hyperparameters(plain: dict[str, Any]) -> None:
    uri = json.dumps(_arguments(plain, "TrainClassifier")["CheckpointConfig"]["S3Uri"])
    for part in (
        "Steps.ExtractCifar.ProcessingJobName",
        "Parameters.Epochs",
        "Parameters.LearningRate",
        "Parameters.Seed",
        "Parameters.UsePretrainedModel",
    ):
        assert part in uri


def test_quality_reads_the_outcome_of_every_gate_that_the_evaluation_checks(plain: dict[str, Any]) -> None:
    conditions = _arguments(plain, "CheckQuality")["Conditions"]
    read = [condition["LeftValue"]["Std:JsonGet"]["Path"] for condition in conditions]
    evaluated = as_document(made_up_evaluation())
    assert read == [f"outcomes.{gate['name']}" for gate in evaluated["gates"]]
    assert {condition["RightValue"] for condition in conditions} == {PASSED}
    assert {condition["Type"] for condition in conditions} == {"Equals"}


def test_a_rejection_says_what_the_evaluation_found(plain: dict[str, Any]) -> None:
    message = _arguments(plain, "CheckQuality")["ElseSteps"][0]["Arguments"]["ErrorMessage"]["Std:Join"]
    assert message["Values"][0] == "Model rejected:"
    assert message["Values"][1]["Std:JsonGet"]["Path"] == "rejection"


def test_every_figure_of_the_metadata_is_in_the_evaluation(plain: dict[str, Any]) -> None:
    metadata = _accepted(plain, "RegisterModel")["Arguments"]["CustomerMetadataProperties"]
    paths = [
        expression["Std:JsonGet"]["Path"]
        for value in metadata.values()
        for expression, _ in expressions(value, "")
        if "Std:JsonGet" in expression and "Evaluation" in json.dumps(expression)
    ]
    document = as_document(made_up_evaluation(champion_mistakes=3))
    for path in paths:
        found: Any = document
        for key in path.split("."):
            found = found[key]
        assert isinstance(found, str | float), path
    assert set(document["registry"]) == {path.split(".")[1] for path in paths if path.startswith("registry.")}


def test_evidence_is_registered_by_its_place(plain: dict[str, Any]) -> None:
    metadata = _accepted(plain, "RegisterModel")["Arguments"]["CustomerMetadataProperties"]
    files = {"report": "report.html", "predictions": "predictions.csv", "model_card": "model_card.json"}
    for name, file in files.items():
        assert metadata[name]["Std:Join"]["Values"][-1] == file
        assert file in EVIDENCE


def test_the_champion_is_an_input_whose_default_is_no_champion(plain: dict[str, Any]) -> None:
    inputs = {each["InputName"]: each["S3Input"] for each in _arguments(plain, "EvaluateModel")["ProcessingInputs"]}
    assert inputs["champion"]["S3Uri"] == {"Get": "Parameters.ChampionPredictionsUri"}
    (parameter,) = [each for each in plain["Parameters"] if each["Name"] == "ChampionPredictionsUri"]
    assert re.fullmatch(r"s3://.+/no-champion/[0-9a-f]{64}/predictions\.csv", parameter["DefaultValue"])


def test_one_transform_scores_the_test_set_and_its_perturbed_copies(plain: dict[str, Any]) -> None:
    source = _arguments(plain, "ScoreTestSet")["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    assert source == {"Get": "Steps.PerturbTestSet.ProcessingOutputConfig.Outputs['images'].S3Output.S3Uri"}


def test_the_evaluation_is_told_every_parameter_and_every_job_before_it(plain: dict[str, Any]) -> None:
    arguments = _arguments(plain, "EvaluateModel")["AppSpecification"]["ContainerArguments"]
    told = [value for flag, value in itertools.pairwise(arguments) if flag == "--parameter"]
    assert {value["Std:Join"]["Values"][0] for value in told} == PARAMETERS - WHYS
    jobs = [value for flag, value in itertools.pairwise(arguments) if flag == "--job"]
    assert [value["Std:Join"]["Values"][0] for value in jobs] == [
        *("ExtractCifar", "PerturbTestSet", "TrainClassifier", "ScoreTestSet")
    ]
    assert len(arguments) <= 100, "the service takes no more"


def test_who_wanted_a_training_and_why_is_the_registrations_alone(plain: dict[str, Any]) -> None:
    """Of the other steps neither changes a request: a step is found in the cache whatever the reason."""
    readers = {
        (step.name, "CustomerMetadataProperties" in place)
        for step in all_steps(plain)
        for place in _places_of(step.step["Arguments"], {f"Parameters.{name}" for name in WHYS})
        if step.step["Type"] != "Condition"
    }
    assert readers == {("RegisterModel", True)}
    metadata = _accepted(plain, "RegisterModel")["Arguments"]["CustomerMetadataProperties"]
    assert metadata["training_reason"] == {"Get": "Parameters.TrainingReason"}
    assert metadata["training_trigger"] == {"Get": "Parameters.TrainingTrigger"}
    assert len(metadata) <= 50, "the service takes no more"


def _places_of(value: Any, wanted: set[str], place: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(value, dict):
        if value.get("Get") in wanted:
            return [place]
        return [found for key, part in value.items() for found in _places_of(part, wanted, (*place, key))]
    if isinstance(value, list):
        return [found for part in value for found in _places_of(part, wanted, place)]
    return []


def test_new_images_are_an_input_that_is_always_there(plain: dict[str, Any]) -> None:
    extract = _arguments(plain, "ExtractCifar")
    inputs = {each["InputName"]: each["S3Input"] for each in extract["ProcessingInputs"]}
    assert inputs["new_images"]["S3Uri"] == {"Get": "Parameters.NewImagesUri"}
    arguments = extract["AppSpecification"]["ContainerArguments"]
    assert arguments[arguments.index("--new-images-dir") + 1] == inputs["new_images"]["LocalPath"]
    (default,) = [each["DefaultValue"] for each in plain["Parameters"] if each["Name"] == "NewImagesUri"]
    bucket, _, prefix = default.removeprefix("s3://").partition("/")
    marker = no_new_images(bucket, prefix.partition("/no-new-images/")[0])
    (key,) = marker.objects
    assert marker.uri == default and key.startswith(f"{prefix}/")
    assert not key.endswith((".png", ".jpg", ".jpeg"))


def test_a_retraining_gives_only_parameters_that_the_pipeline_has() -> None:
    assert {*RECIPE, NEW_IMAGES_URI, TRAINING_REASON, TRAINING_TRIGGER} <= PARAMETERS


def test_every_job_has_a_time_limit(plain: dict[str, Any]) -> None:
    jobs = [_arguments(plain, name) for name in ("ExtractCifar", "PerturbTestSet", "TrainClassifier", "EvaluateModel")]
    for job in [*jobs, *(_accepted(plain, name)["Arguments"] for name in BASELINES)]:
        assert job["StoppingCondition"]["MaxRuntimeInSeconds"] > 0


def test_the_key_encrypts_volumes_and_outputs_of_every_job(locked_down: dict[str, Any]) -> None:
    for job in _processing_jobs(locked_down):
        assert "key/" in job["ProcessingOutputConfig"]["KmsKeyId"]
        assert "key/" in job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"]
    training = _arguments(locked_down, "TrainClassifier")
    assert "key/" in training["OutputDataConfig"]["KmsKeyId"]
    assert "key/" in training["ResourceConfig"]["VolumeKmsKeyId"]
    transform = _arguments(locked_down, "ScoreTestSet")
    assert "key/" in transform["TransformOutput"]["KmsKeyId"]
    assert "key/" in transform["TransformResources"]["VolumeKmsKeyId"]


def _processing_jobs(definition: dict[str, Any]) -> list[dict[str, Any]]:
    before = [_arguments(definition, name) for name in ("ExtractCifar", "PerturbTestSet", "EvaluateModel")]
    return [*before, *(_accepted(definition, name)["Arguments"] for name in BASELINES)]


def test_every_job_runs_in_the_given_network(locked_down: dict[str, Any]) -> None:
    vpc = {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    for job in _processing_jobs(locked_down):
        assert job["NetworkConfig"] == {"EnableNetworkIsolation": True, "VpcConfig": vpc}
    for name in ("TrainClassifier", "CreateModel"):
        assert _arguments(locked_down, name)["VpcConfig"] == vpc
        assert _arguments(locked_down, name)["EnableNetworkIsolation"] is True


def test_an_isolated_training_job_gets_its_code_as_a_channel(locked_down: dict[str, Any]) -> None:
    training = _arguments(locked_down, "TrainClassifier")
    archive = training["HyperParameters"]["sagemaker_submit_directory"]
    assert archive == "/opt/ml/input/data/code/sourcedir.tar.gz"
    assert "code" in {channel["ChannelName"] for channel in training["InputDataConfig"]}


def test_the_code_version_reaches_the_registered_model(locked_down: dict[str, Any], plain: dict[str, Any]) -> None:
    def metadata(definition: dict[str, Any]) -> dict[str, Any]:
        register = _accepted(definition, "RegisterModel")["Arguments"]
        found: dict[str, Any] = register["CustomerMetadataProperties"]
        return found

    assert metadata(locked_down)["code_version"].startswith("0123456789abcdef")
    assert "code_version" not in metadata(plain)


def test_what_is_approved_from_the_start_is_deployed_after_it_is_registered(plain: dict[str, Any]) -> None:
    check = _accepted(plain, "CheckApproval")
    assert check["DependsOn"] == ["RegisterModel"]
    (condition,) = check["Arguments"]["Conditions"]
    assert condition["LeftValue"] == {"Get": "Parameters.ModelApprovalStatus"}
    assert condition["RightValue"] == "Approved"
    assert check["Arguments"]["ElseSteps"] == []


def test_the_training_pipeline_deploys_in_one_way_and_chooses_nothing_but_whether(plain: dict[str, Any]) -> None:
    approved = _accepted(plain, "CheckApproval")["Arguments"]["IfSteps"]
    assert [step["Name"] for step in approved] == ["PlanDeployment", "CheckPlan"]
    assert approved[0]["Arguments"]["ModelPackageArn"] == {"Get": "Steps.RegisterModel.ModelPackageArn"}
    assert approved[0]["Arguments"]["EndpointName"] == {"Get": "Parameters.EndpointName"}
    deployment = approved[1]["Arguments"]["IfSteps"]
    assert [step["Type"] for step in deployment] == ["Model", "EndpointConfig", "Lambda", "Endpoint", "Lambda"]


def test_the_key_and_the_network_reach_what_serves(compiled: dict[str, list[str]]) -> None:
    definition = json.loads(compiled["deployment_pipeline"][1])
    steps = {step.name: step.step for step in all_steps(definition)}
    model = steps["CreateServingModel"]["Arguments"]
    assert model["VpcConfig"] == {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    assert model["EnableNetworkIsolation"] is True
    config = steps["ConfigureInstances"]["Arguments"]
    assert "key/" in config["KmsKeyId"] and "key/" in config["DataCaptureConfig"]["KmsKeyId"]
    assert "KmsKeyId" not in steps["ConfigureServerless"]["Arguments"]


def test_the_monitors_baselines_are_made_of_what_the_evaluation_wrote(plain: dict[str, Any]) -> None:
    evaluate = _arguments(plain, "EvaluateModel")
    arguments = evaluate["AppSpecification"]["ContainerArguments"]
    mounted = {each["InputName"]: each["S3Input"] for each in evaluate["ProcessingInputs"]}["record_preprocessor"]
    file = mounted["S3Uri"].rsplit("/", 1)[-1]
    assert arguments[arguments.index("--record-preprocessor") + 1] == f"{mounted['LocalPath']}/{file}"
    (output,) = [
        each["S3Output"]
        for each in evaluate["ProcessingOutputConfig"]["Outputs"]
        if each["S3Output"]["LocalPath"] == arguments[arguments.index("--monitoring-dir") + 1]
    ]
    assert output["S3Uri"]["Std:Join"]["Values"][-1] == "monitoring"
    for name, file in zip(BASELINES, (FEATURES_FILE, QUALITY_FILE), strict=True):
        (source,) = _accepted(plain, name)["Arguments"]["ProcessingInputs"]
        place, found = source["S3Input"]["S3Uri"]["Std:Join"]["Values"]
        assert (place["Get"].split(".")[1], "'monitoring'" in place["Get"], found) == ("EvaluateModel", True, file)
    environment = _accepted(plain, "ModelQualityBaseline")["Arguments"]["Environment"]
    columns = [environment[f"{each}_attribute"] for each in ("probability", "inference", "ground_truth")]
    assert tuple(columns) == QUALITY_HEADER


def test_the_baselines_check_nothing_and_are_what_the_package_carries(plain: dict[str, Any]) -> None:
    for name in BASELINES:
        step = _accepted(plain, name)
        assert (step["Type"], step["SkipCheck"], step["RegisterNewBaseline"]) == ("QualityCheck", True, True)
        image = step["Arguments"]["AppSpecification"]["ImageUri"]
        assert image.endswith("/sagemaker-model-monitor-analyzer") and "CacheConfig" not in step
        assert step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] == {
            "Get": "Parameters.ProcessingInstanceType"
        }
    register = _accepted(plain, "RegisterModel")["Arguments"]
    kinds = {"ModelDataQuality": BASELINES[0], "ModelQuality": BASELINES[1]}
    for kind, step in kinds.items():
        for file in ("Statistics", "Constraints"):
            source = register["DriftCheckBaselines"][kind][file]["S3Uri"]
            assert source == {"Get": f"Steps.{step}.BaselineUsedForDriftCheck{file}"}
    assert register["ModelMetrics"]["ModelDataQuality"]["Statistics"]["S3Uri"] == {
        "Get": "Steps.DataQualityBaseline.CalculatedBaselineStatistics"
    }
    inputs = {each["InputName"]: each["S3Input"] for each in _arguments(plain, "EvaluateModel")["ProcessingInputs"]}
    used = inputs["record_preprocessor"]["S3Uri"]
    assert register["CustomerMetadataProperties"]["record_preprocessor"] == used
    assert re.fullmatch(r"s3://.+/[0-9a-f]{64}/record_preprocessor\.py", used) and len(used) <= 256
