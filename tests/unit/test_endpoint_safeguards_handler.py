"""Before and after an update: alarms, scaling and tags, set once and left alone when they are as wanted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.deployment.endpoint_safeguards.errors import EndpointFailed, InvalidRequest
from pipelines.deployment.endpoint_safeguards.handler import respond
from tests.unit.endpoint_safeguards_services import ACCOUNT, World, event, package_arn

TARGET = "endpoint/scones/variant/AllTraffic"
CONFIG = {"EndpointConfigName": "scones-endpoint-new"}


@pytest.fixture
def world() -> World:
    return World()


def ask(world: World, operation: str, **changes: Any) -> dict[str, Any]:
    return respond(event(operation, **changes), world.aws, lambda _seconds: None)


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


def test_the_alarms_of_an_update_look_at_the_new_fleet_alone(world: World) -> None:
    answer = ask(world, "prepare", **CONFIG)
    assert answer == {
        "ErrorAlarmName": "scones-update-5xx-errors",
        "LatencyAlarmName": "scones-update-model-latency",
    }
    alarms = world.cloudwatch._alarms
    assert set(alarms) == set(answer.values())
    for alarm in alarms.values():
        assert dimensions(alarm) == {"EndpointName": "scones", "VariantName": "AllTraffic", **CONFIG}


def test_the_alarms_of_an_update_begin_without_a_past(world: World) -> None:
    ask(world, "prepare", **CONFIG)
    world.cloudwatch._alarms["scones-update-5xx-errors"]["StateValue"] = "ALARM"
    ask(world, "prepare", **CONFIG)
    assert world.cloudwatch._alarms["scones-update-5xx-errors"]["StateValue"] == "INSUFFICIENT_DATA"


def test_an_update_under_way_keeps_its_alarms_until_it_has_ended(world: World) -> None:
    """The approval's event may come twice: two executions, and the second must not blind the rollback of the first."""
    ask(world, "prepare", EndpointConfigName="of-the-first")
    world.endpoint(package_arn(1), status="Updating")
    watched: list[str] = []

    def sleep(_seconds: float) -> None:
        watched.extend(dimensions(alarm)["EndpointConfigName"] for alarm in world.cloudwatch._alarms.values())
        world.endpoint(package_arn(2))

    respond(event("prepare", EndpointConfigName="of-the-second"), world.aws, sleep)
    assert watched == ["of-the-first"] * 2
    now = [dimensions(alarm)["EndpointConfigName"] for alarm in world.cloudwatch._alarms.values()]
    assert now == ["of-the-second"] * 2


def test_scaling_is_taken_away_only_for_another_instance_type(world: World) -> None:
    world.endpoint(package_arn(1))
    ask(world, "guard")
    ask(world, "prepare", **CONFIG)
    assert TARGET in world.autoscaling._targets
    ask(world, "prepare", InferenceInstanceType="ml.c5.xlarge", **CONFIG)
    assert TARGET not in world.autoscaling._targets


def test_an_update_is_prepared_for_a_configuration_that_has_a_name(world: World) -> None:
    with pytest.raises(InvalidRequest, match="EndpointConfigName is None"):
        ask(world, "prepare")


def test_an_endpoint_is_guarded(world: World) -> None:
    world.endpoint()
    assert ask(world, "guard")["Scaling"] == "1 to 4 instances"

    errors, latency = (world.cloudwatch._alarms[f"scones-{what}"] for what in ("5xx-errors", "model-latency"))
    assert (errors["MetricName"], errors["Statistic"], errors["Threshold"]) == ("Invocation5XXErrors", "Sum", 5)
    # the metric is in microseconds
    assert (latency["MetricName"], latency["ExtendedStatistic"], latency["Threshold"]) == ("ModelLatency", "p99", 1e6)
    for alarm in (errors, latency):
        assert alarm["TreatMissingData"] == "notBreaching"
        assert dimensions(alarm) == {"EndpointName": "scones", "VariantName": "AllTraffic"}

    target = world.autoscaling._targets[TARGET]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    policy = world.autoscaling._policies[TARGET]["TargetTrackingScalingPolicyConfiguration"]
    assert policy["PredefinedMetricSpecification"] == {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    assert (policy["TargetValue"], policy["ScaleInCooldown"], policy["ScaleOutCooldown"]) == (2000, 300, 60)

    assert world.sagemaker._tags[f"{ACCOUNT}:endpoint/scones"] == {
        "scones:model-package-arn": package_arn(2),
        "scones:model-package-version": "2",
    }


def test_guarding_again_changes_nothing(world: World) -> None:
    world.endpoint()
    ask(world, "guard")
    world.calls.clear()
    ask(world, "guard")
    # tags are put as they are: there is no asking whether they are there that would be cheaper
    assert world.changes == ["add_tags"]


@pytest.mark.parametrize(
    ("changes", "calls"),
    [
        ({"ErrorAlarmCount": 9}, ["put_metric_alarm"]),
        ({"LatencyAlarmMilliseconds": 9}, ["put_metric_alarm"]),
        ({"MaxCapacity": 9}, ["register_scalable_target"]),
        ({"ScaleInCooldown": 9}, ["put_scaling_policy"]),
        ({"TargetInvocationsPerInstance": 9}, ["put_scaling_policy"]),
        ({"MaxCapacity": 1}, ["deregister_scalable_target"]),
    ],
)
def test_only_what_is_otherwise_is_set_again(world: World, changes: dict[str, Any], calls: list[str]) -> None:
    world.endpoint()
    ask(world, "guard")
    world.calls.clear()
    ask(world, "guard", **changes)
    assert world.changes == [*calls, "add_tags"]


def test_where_minimum_is_maximum_there_is_no_scaling(world: World) -> None:
    world.endpoint()
    assert ask(world, "guard", MaxCapacity=1)["Scaling"] == "none"
    assert ask(world, "guard", ServerlessMemorySizeInMB=1024)["Scaling"] == "none"
    assert world.autoscaling._targets == {}


def test_scaling_that_somebody_takes_away_meanwhile_is_no_fault(world: World) -> None:
    world.endpoint()
    ask(world, "guard")
    look = world.autoscaling.describe_scalable_targets

    def then_gone(**request: Any) -> Any:
        found = look(**request)
        world.autoscaling._targets.clear()
        return found

    world.autoscaling.__dict__["describe_scalable_targets"] = then_gone
    assert ask(world, "guard", MaxCapacity=1)["Scaling"] == "none"


def test_an_endpoint_that_is_gone_cannot_be_guarded(world: World) -> None:
    with pytest.raises(EndpointFailed, match="there is no endpoint scones"):
        ask(world, "guard")


def test_the_log_is_json_and_says_what_was_decided(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ask(world, "plan", KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/secret-looking")
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["operation"], said["endpoint"], said["Action"]) == ("plan", "scones", "deploy")
    assert "secret-looking" not in line


def test_answers_are_flat_scalars_as_a_steps_outputs_are(world: World) -> None:
    world.endpoint()
    for operation in ("plan", "prepare", "guard"):
        for value in ask(world, operation, **CONFIG).values():
            assert isinstance(value, (str, int, float, bool))
