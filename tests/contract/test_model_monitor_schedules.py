"""The SDK's own monitors making and changing schedules: SageMaker in memory holds each request to botocore's model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from model_monitor.baseline import Baseline, package_baseline
from model_monitor.cron import UnsupportedCron
from model_monitor.job_definition import Resources
from model_monitor.names import NameTooLong, Places
from model_monitor.renewal import _suggest
from model_monitor.schedule import InvalidSettings, Settings, put_schedules
from pipelines.session import Target
from tests.unit.endpoint_safeguards_services import ENDPOINT, package_arn
from tests.unit.monitoring_services import FEATURES, PREPROCESSOR, MonitoredWorld, definition

DATA, MODEL = f"{ENDPOINT}-data-quality", f"{ENDPOINT}-model-quality"
ROLE = "arn:aws:iam::123456789012:role/service-role/Monitoring"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
SECURE = Resources(kms_key=KEY, subnets=("subnet-1",), security_group_ids=("sg-1",), enable_network_isolation=True)


class InMemory(boto3.Session):
    """SageMaker is the fake; S3 is moto's."""

    def __init__(self, sagemaker: Any) -> None:
        super().__init__("testing", "testing", region_name="us-east-1")
        self.fake = sagemaker

    def client(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self.fake if name == "sagemaker" else super().client(name, *args, **kwargs)


class Place(Target):
    """A target on that session."""

    @property
    def boto_session(self) -> boto3.Session:  # type: ignore[override]
        return self.__dict__["session"]


class Schedules:
    """Schedules of the endpoint, with the baseline of version 1."""

    def __init__(self) -> None:
        self.world = MonitoredWorld()
        self.world.endpoint(package_arn(1))
        self.target = Place("aws", "us-east-1", ROLE, "bucket")
        self.target.__dict__["session"] = InMemory(self.world.sagemaker)
        self.s3 = self.target.client("s3")
        self.s3.create_bucket(Bucket="bucket")
        for version in (1, 2):
            features = [{"name": name, "inferred_type": "Fractional"} for name in FEATURES]
            self._put(f"baselines/{version}/statistics.json", {"dataset": {"item_count": 7}, "features": features})
            self._put(f"baselines/{version}/constraints.json", {"features": features})
            self._put(f"baselines/{version}/quality/constraints.json", {"binary_classification_constraints": {}})
            self.s3.put_object(Bucket="bucket", Key=f"code/{version}/record_preprocessor.py", Body=PREPROCESSOR)

    def baseline(self, version: int = 1) -> Baseline:
        return package_baseline(self.world.sagemaker, self.s3, package_arn(version), Places("bucket"))

    def put(self, baseline: Baseline | None = None, **settings: Any) -> list[tuple[str, str, tuple[str, ...]]]:
        outcomes = put_schedules(self.target, ENDPOINT, baseline or self.baseline(), Settings(**settings))
        return [(one.name, one.action, one.changes) for one in outcomes]

    def _put(self, key: str, value: dict[str, Any]) -> None:
        self.s3.put_object(Bucket="bucket", Key=key, Body=json.dumps(value).encode())


@pytest.fixture
def schedules(monkeypatch: pytest.MonkeyPatch) -> Iterator[Schedules]:
    # moto answers only where no other endpoint is set
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Schedules()


def test_both_schedules_are_made_once(schedules: Schedules) -> None:
    assert schedules.put() == [(DATA, "created", ()), (MODEL, "created", ())]
    calls = list(schedules.world.changes)
    assert schedules.put() == [(DATA, "unchanged", ()), (MODEL, "unchanged", ())]
    assert schedules.world.changes == calls


def test_what_the_schedules_run(schedules: Schedules) -> None:
    schedules.put()
    for name, kind in ((DATA, "DataQuality"), (MODEL, "ModelQuality")):
        runs = schedules.world.runs(name)
        made = runs.pop("JobDefinitionName")
        assert made.startswith(name)
        runs.pop("Tags", None)
        output = runs[f"{kind}JobOutputConfig"]["MonitoringOutputs"][0]["S3Output"]
        assert output.pop("S3UploadMode") == "Continuous"
        endpoint = runs[f"{kind}JobInput"]["EndpointInput"]
        assert (endpoint.pop("S3InputMode"), endpoint.pop("S3DataDistributionType")) == ("File", "FullyReplicated")
        network = runs.pop("NetworkConfig")
        assert network == {"EnableNetworkIsolation": False}
        wanted = definition(kind, 1, RoleArn=ROLE)
        if kind == "ModelQuality":
            wanted["ModelQualityJobInput"]["EndpointInput"] |= {
                "StartTimeOffset": "-PT25H",
                "EndTimeOffset": "-PT24H",
            }
        assert runs == wanted
        assert schedules.world.sagemaker._schedules[name]["ScheduleConfig"] == {
            "ScheduleExpression": "cron(0 * ? * * *)"
        }


def test_changed_settings_are_a_new_definition_and_the_old_one_goes(schedules: Schedules) -> None:
    schedules.put()
    outcomes = schedules.put(cron="cron(0 0/6 ? * * *)", labels_after_hours=48, threshold=0.7, resources=SECURE)
    changed = ("enable_network_isolation", "kms_key", "security_group_ids", "subnets")
    assert [(name, action) for name, action, _ in outcomes] == [(DATA, "updated"), (MODEL, "updated")]
    assert set(outcomes[0][2]) == {"cron", "start_offset", *changed}
    assert set(outcomes[1][2]) == {"cron", "start_offset", "end_offset", "threshold", *changed}
    assert len(schedules.world.sagemaker._definitions) == 2
    data, model = schedules.world.runs(DATA), schedules.world.runs(MODEL)
    assert data["NetworkConfig"]["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert data["DataQualityJobOutputConfig"]["KmsKeyId"] == KEY
    assert data["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY
    assert data["DataQualityJobInput"]["EndpointInput"]["StartTimeOffset"] == "-PT6H"
    endpoint = model["ModelQualityJobInput"]["EndpointInput"]
    assert (endpoint["StartTimeOffset"], endpoint["EndTimeOffset"]) == ("-PT54H", "-PT48H")


def test_network_and_key_can_be_taken_away_again(schedules: Schedules) -> None:
    schedules.put(resources=SECURE)
    no_key = replace(SECURE, kms_key=None, subnets=(), security_group_ids=())
    assert [action for _, action, _ in schedules.put(resources=no_key)] == ["replaced", "replaced"]
    runs = schedules.world.runs(DATA)
    assert "KmsKeyId" not in runs["DataQualityJobOutputConfig"]
    assert runs["NetworkConfig"] == {"EnableNetworkIsolation": True}
    assert len(schedules.world.sagemaker._definitions) == 2
    assert [action for _, action, _ in schedules.put(resources=no_key)] == ["unchanged", "unchanged"]


def test_another_versions_baseline_moves_the_schedules(schedules: Schedules) -> None:
    schedules.put()
    outcomes = schedules.put(schedules.baseline(2))
    assert outcomes[0] == (DATA, "updated", ("package_arn", "constraints", "statistics", "preprocessor"))
    environment = schedules.world.runs(DATA)["DataQualityAppSpecification"]["Environment"]
    assert environment == {"publish_cloudwatch_metrics": "Enabled", "model_package_arn": package_arn(2)}


def test_what_the_deployment_has_moved_is_as_wanted(schedules: Schedules) -> None:
    from pipelines.deployment.endpoint_safeguards.monitoring import move_schedules

    schedules.put()
    move_schedules(schedules.world.aws, ENDPOINT, package_arn(2), lambda _seconds: None)
    assert [action for _, action, _ in schedules.put(schedules.baseline(2))] == ["unchanged", "unchanged"]


@pytest.mark.parametrize("monitoring_type", ["DataQuality", "ModelQuality"])
def test_the_jobs_of_a_new_baseline(schedules: Schedules, monitoring_type: Any) -> None:
    job = _suggest(schedules.target, ENDPOINT, monitoring_type, "s3://bucket/new", SECURE, 0.6)
    request = schedules.world.sagemaker._jobs[job]
    assert request["AppSpecification"] == {
        "ImageUri": definition(monitoring_type, 1)[f"{monitoring_type}AppSpecification"]["ImageUri"]
    }
    environment = request["Environment"]
    assert json.loads(environment["dataset_format"])["csv"]["header"] is True
    (output,) = request["ProcessingOutputConfig"]["Outputs"]
    folder = "data-quality" if monitoring_type == "DataQuality" else "model-quality"
    assert output["S3Output"]["S3Uri"] == f"s3://bucket/new/{folder}"
    assert request["ProcessingOutputConfig"]["KmsKeyId"] == KEY
    assert request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY
    assert request["NetworkConfig"]["VpcConfig"]["Subnets"] == ["subnet-1"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}
    if monitoring_type == "ModelQuality":
        attributes = {name: environment[name] for name in environment if name.endswith("_attribute")}
        assert attributes == {
            "inference_attribute": "prediction",
            "probability_attribute": "probability",
            "ground_truth_attribute": "label",
            "probability_threshold_attribute": "0.6",
        }


def test_without_constraints_for_it_there_is_no_model_quality(schedules: Schedules) -> None:
    assert schedules.put(replace(schedules.baseline(), quality_constraints=None)) == [(DATA, "created", ())]


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"cron": "cron(0/30 * ? * * *)"}, UnsupportedCron, "more often than hourly"),
        ({"labels_after_hours": -1}, InvalidSettings, "0 to 720 hours, not -1"),
        ({"threshold": 1.5}, InvalidSettings, "not 1.5"),
        ({"resources": Resources(max_runtime_seconds=7200)}, InvalidSettings, "1 to 3600 s, not 7200"),
        ({"resources": Resources(subnets=("subnet-1",))}, InvalidSettings, "belong together"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_made(
    schedules: Schedules, settings: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        schedules.put(**settings)
    assert schedules.world.changes == []


def test_a_schedule_that_somebody_else_made_is_not_touched(schedules: Schedules) -> None:
    schedules.world.sagemaker._schedules[DATA] = {"MonitoringJobDefinition": {}}
    with pytest.raises(InvalidSettings, match="was not made by this project"):
        schedules.put()


def test_names_have_to_fit(schedules: Schedules) -> None:
    with pytest.raises(NameTooLong, match="up to 45 characters"):
        put_schedules(schedules.target, "e" * 46, schedules.baseline(), Settings())
