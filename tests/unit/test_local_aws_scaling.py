"""Application Auto Scaling: the arithmetic, the API, and the worker that scales a variant by its metric."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from moto.cloudwatch.models import CloudWatchBackend
from moto.logs.models import LogsBackend
from moto.s3.models import S3Backend

from local_aws.alarms import Alarms
from local_aws.cloudwatch.series import SeriesStore
from local_aws.logs import LogGroups
from local_aws.metrics import MetricDatum, Metrics
from local_aws.objects import ObjectStore
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.errors import ServiceError, UnsupportedOperation, ValidationException
from local_aws.sagemaker.store import Store
from local_aws.scaling.api import answer
from local_aws.scaling.errors import (
    InvalidNextTokenException,
    ObjectNotFoundException,
    ResourceNotFoundException,
)
from local_aws.scaling.scaler import Scaler
from local_aws.scaling.target_tracking import Change, Range, Reading, proportional, scale_in, scale_out

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
RESOURCE = "endpoint/bikes/variant/AllTraffic"
SCOPE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
INVOCATIONS = {"PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}


@pytest.mark.parametrize(
    ("count", "metric", "target", "wanted"),
    [(1, 25, 10, 3), (2, 10, 10, 2), (2, 10.1, 10, 3), (4, 2, 10, 1), (3, 0.1, 0.1, 3), (3, 0, 10, 0)],
)
def test_the_count_is_proportional_and_rounded_up(count, metric, target, wanted):
    assert proportional(count, metric, target) == wanted


def points(*values: float, since: datetime = NOON) -> list[tuple[datetime, float]]:
    return [(since + index * MINUTE, value) for index, value in enumerate(values)]


def test_scaling_out_goes_by_the_newest_period_and_stays_within_the_maximum():
    assert scale_out(2, Reading(10, points(90, 30)), Range(1, 10), None, NOON) == 6
    assert scale_out(2, Reading(10, points(90, 30)), Range(1, 4), None, NOON) == 4
    assert scale_out(2, Reading(10, points(90, 9)), Range(1, 4), None, NOON) is None
    assert scale_out(2, Reading(10, []), Range(1, 4), None, NOON) is None


def test_scaling_in_needs_all_recent_periods_below_the_target_at_the_lower_count():
    assert scale_in(4, Reading(10, points(1, 4, 2)), Range(1, 10), None, NOON) == 2
    assert scale_in(4, Reading(10, points(1, 8, 2)), Range(1, 10), None, NOON) is None
    assert scale_in(4, Reading(10, points(1, 1)), Range(3, 10), None, NOON) == 3
    assert scale_in(4, Reading(10, points(0, 0)), Range(1, 10), None, NOON) == 1
    assert scale_in(4, Reading(10, []), Range(1, 10), None, NOON) is None


def test_during_the_wait_only_a_larger_need_than_was_met_scales_out():
    last = Change(1, 3, ended=NOON, scale_out_cooldown=300)
    within, over = NOON + 4 * MINUTE, NOON + 5 * MINUTE
    assert scale_out(3, Reading(10, points(30)), Range(1, 20), last, within) is None
    assert scale_out(3, Reading(10, points(80)), Range(1, 20), last, within) == 8
    assert scale_out(3, Reading(10, points(30)), Range(1, 20), last, over) == 9


def test_what_was_measured_before_the_last_change_says_nothing_about_the_new_count():
    last = Change(1, 3, ended=NOON + MINUTE, scale_out_cooldown=0)
    assert scale_out(3, Reading(10, points(30)), Range(1, 20), last, NOON + 2 * MINUTE) is None
    assert scale_out(3, Reading(10, points(30, 12)), Range(1, 20), last, NOON + 3 * MINUTE) == 4


def test_scaling_in_waits_after_scaling_in_and_not_after_scaling_out():
    low = Reading(10, points(1, since=NOON + MINUTE))
    inwards = Change(6, 4, ended=NOON, scale_in_cooldown=300)
    assert scale_in(4, low, Range(1, 10), inwards, NOON + 4 * MINUTE) is None
    assert scale_in(4, low, Range(1, 10), inwards, NOON + 5 * MINUTE) == 1
    outwards = Change(2, 4, ended=NOON, scale_in_cooldown=300)
    assert scale_in(4, low, Range(1, 10), outwards, NOON + 2 * MINUTE) == 1
    high = Reading(10, points(30, since=NOON + MINUTE))
    assert scale_out(4, high, Range(1, 20), inwards, NOON + 2 * MINUTE) == 12


class SageMaker:
    """The two operations that auto scaling calls; a change takes until `settle`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.refusal: str | None = None

    def create(self, name: str, **counts: int | None) -> None:
        variants = [
            {"VariantName": variant, **({} if count is None else {"DesiredInstanceCount": count})}
            for variant, count in counts.items()
        ]
        self.endpoints[name] = {
            "EndpointName": name,
            "EndpointStatus": "InService",
            "CreationTime": self._clock.now(),
            "ProductionVariants": variants,
        }

    def settle(self, status: str = "InService") -> None:
        for endpoint in self.endpoints.values():
            endpoint["EndpointStatus"] = status

    def count(self) -> int:
        return int(self.endpoints["bikes"]["ProductionVariants"][0]["DesiredInstanceCount"])

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        endpoint = self.endpoints.get(request["EndpointName"])
        if endpoint is None:
            raise ValidationException(f'Could not find endpoint "{request["EndpointName"]}".')
        if operation == "DescribeEndpoint":
            return endpoint
        assert operation == "UpdateEndpointWeightsAndCapacities"
        if self.refusal:
            raise ValidationException(self.refusal)
        assert endpoint["EndpointStatus"] == "InService"
        for change in request["DesiredWeightsAndCapacities"]:
            (variant,) = (one for one in endpoint["ProductionVariants"] if one["VariantName"] == change["VariantName"])
            variant["DesiredInstanceCount"] = change["DesiredInstanceCount"]
        endpoint["EndpointStatus"] = "Updating"
        return {"EndpointArn": "arn"}


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment


class World:
    """Everything real but SageMaker and the clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.sagemaker = SageMaker(self.clock)
        self.store = Store(folder / "sagemaker.sqlite", self.clock.now)
        self.context = Context(
            region="us-east-1",
            state_dir=folder,
            store=self.store,
            objects=ObjectStore(S3Backend("aws", ACCOUNT_ID)),
            logs=LogGroups(LogsBackend("us-east-1", ACCOUNT_ID)),
            endpoint_url="http://127.0.0.1:1",
            call=self.sagemaker.call,
            make_durable=lambda: None,
            now=self.clock.now,
        )
        self.backend = CloudWatchBackend("us-east-1", ACCOUNT_ID)
        self.context.metrics = Metrics(SeriesStore(folder / "metrics.sqlite"), self.clock.now)
        self.context.alarms = Alarms(self.backend, self.context.metrics, self.clock.now)
        self.scaler = Scaler(self.context)

    def restart(self) -> None:
        """A new scaler over the same records, as after a restart of the process."""
        self.scaler = Scaler(self.context)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return answer(self.scaler, operation, request)

    def register(self, minimum: int = 1, maximum: int = 4, **more: Any) -> str:
        found = self.call("RegisterScalableTarget", **SCOPE, MinCapacity=minimum, MaxCapacity=maximum, **more)
        return str(found["ScalableTargetARN"])

    def policy(self, name: str = "invocations", target: float = 10.0, **configuration: Any) -> dict[str, Any]:
        metric = {} if "CustomizedMetricSpecification" in configuration else INVOCATIONS
        return self.call(
            "PutScalingPolicy",
            **SCOPE,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": target, **metric, **configuration},
        )

    def minutes(self, count: int, invocations_per_instance: float | None) -> None:
        """Time goes on, with traffic, and everything looks each minute."""
        for _ in range(count):
            if invocations_per_instance is not None:
                self.put("AWS/SageMaker", "InvocationsPerInstance", invocations_per_instance)
            self.clock.moment += MINUTE
            self.look()

    def look(self) -> None:
        self.clock.moment += timedelta(seconds=6)
        self.context.alarms.tick()
        self.scaler.tick()
        self.clock.moment -= timedelta(seconds=6)

    def put(self, namespace: str, name: str, value: float) -> None:
        dimensions = {"EndpointName": "bikes", "VariantName": "AllTraffic"}
        datum = MetricDatum(name, dimensions, "None", self.clock.moment, (value,), (1.0,))
        self.context.metrics.put(namespace, [datum])

    def activities(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("DescribeScalingActivities", ServiceNamespace="sagemaker")[
            "ScalingActivities"
        ]
        return found

    def policies(self, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("DescribeScalingPolicies", ServiceNamespace="sagemaker", **more)[
            "ScalingPolicies"
        ]
        return found

    def targets(self, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("DescribeScalableTargets", ServiceNamespace="sagemaker", **more)[
            "ScalableTargets"
        ]
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.sagemaker.create("bikes", AllTraffic=1)
    yield made
    made.context.metrics.store.close()
    made.store.close()


def test_a_target_is_registered_described_changed_and_deregistered(world):
    arn = world.register()
    (target,) = world.targets()
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (1, 4, arn)
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert "Internal" not in target
    assert world.call("RegisterScalableTarget", **SCOPE, MaxCapacity=6) == {"ScalableTargetARN": arn}
    (target,) = world.targets(ResourceIds=[RESOURCE])
    assert (target["MinCapacity"], target["MaxCapacity"], target["CreationTime"]) == (1, 6, NOON)
    assert world.targets(ResourceIds=["endpoint/other/variant/AllTraffic"]) == []
    world.call("DeregisterScalableTarget", **SCOPE)
    assert world.targets() == []
    with pytest.raises(ObjectNotFoundException, match="No scalable target found"):
        world.call("DeregisterScalableTarget", **SCOPE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ResourceId": "endpoint/other/variant/AllTraffic"}, "does not exist"),
        ({"ResourceId": "endpoint/bikes/variant/Other"}, "does not exist"),
        ({"ResourceId": "endpoint/bikes/variant/Serverless"}, "serverless"),
        ({"ResourceId": "endpoint/bikes"}, "Unsupported resource"),
        ({"ServiceNamespace": "ecs"}, "sagemaker alone"),
        ({"ServiceNamespace": "bakery"}, "enum value set"),
        ({"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}, "alone"),
        ({"MinCapacity": 5}, "less than minimum"),
        ({"MinCapacity": 0}, "1 or more"),
        ({"MaxCapacity": None}, "MaxCapacity must be given"),
    ],
)
def test_targets_that_cannot_scale_are_refused(world, change, words):
    world.sagemaker.create("bikes", AllTraffic=1, Serverless=None)
    request = {**SCOPE, "MinCapacity": 1, "MaxCapacity": 4, **change}
    with pytest.raises(ValidationException, match=words):
        world.call("RegisterScalableTarget", **{name: value for name, value in request.items() if value is not None})
    assert world.targets() == []


def test_a_policy_makes_two_alarms_which_go_with_it(world):
    world.register()
    made = world.policy()
    high, low = (alarm["AlarmName"] for alarm in made["Alarms"])
    assert high.startswith("TargetTracking-endpoint/bikes/variant/AllTraffic-AlarmHigh-")
    assert low.startswith("TargetTracking-endpoint/bikes/variant/AllTraffic-AlarmLow-")
    settings = [
        (alarm.comparison_operator, alarm.threshold, alarm.evaluation_periods, alarm.period, alarm.statistic)
        for alarm in (world.backend.alarms[high], world.backend.alarms[low])
    ]
    assert settings == [("GreaterThanThreshold", 10.0, 3, 60, "Sum"), ("LessThanThreshold", 9.0, 15, 60, "Sum")]
    (policy,) = world.policies(PolicyNames=["invocations"])
    assert (policy["PolicyARN"], policy["Alarms"]) == (made["PolicyARN"], made["Alarms"])
    world.call("DeleteScalingPolicy", **SCOPE, PolicyName="invocations")
    assert (world.policies(), world.backend.alarms) == ([], {})
    with pytest.raises(ObjectNotFoundException, match="No scaling policy found"):
        world.call("DeleteScalingPolicy", **SCOPE, PolicyName="invocations")


def test_putting_a_policy_again_changes_its_alarms_and_not_their_names(world):
    world.register()
    first = world.policy()
    assert world.policy() == first
    assert world.policy(target=20.0) == first
    assert sorted(alarm.threshold for alarm in world.backend.alarms.values()) == [18.0, 20.0]
    without = world.policy(DisableScaleIn=True)
    assert without["Alarms"] == first["Alarms"][:1]
    assert list(world.backend.alarms) == [first["Alarms"][0]["AlarmName"]]
    assert len(world.policy()["Alarms"]) == 2
    assert len(world.policies()) == 1


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"PolicyType": "StepScaling"}, "TargetTrackingScaling alone"),
        ({"PolicyType": None}, "TargetTrackingScaling alone"),
        ({"PolicyName": "two\nlines"}, "regular expression pattern"),
        ({"TargetTrackingScalingPolicyConfiguration": None}, "must have"),
        ({"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0}}, "must have either"),
        ({"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 0.0, **INVOCATIONS}}, "greater than 0"),
        (
            {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0, **INVOCATIONS, "ScaleInCooldown": -1}},
            "negative",
        ),
        (
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                }
            },
            "not supported",
        ),
        (
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "CustomizedMetricSpecification": {"MetricName": "CPU", "Namespace": "N"},
                }
            },
            "cannot be watched",
        ),
    ],
)
def test_policies_that_cannot_be_followed_are_refused(world, request_, words):
    world.register()
    whole = {
        **SCOPE,
        "PolicyName": "p",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0, **INVOCATIONS},
        **request_,
    }
    with pytest.raises(ValidationException, match=words):
        world.call("PutScalingPolicy", **{name: value for name, value in whole.items() if value is not None})
    assert (world.policies(), world.backend.alarms) == ([], {})


def test_a_policy_needs_a_target(world):
    with pytest.raises(ObjectNotFoundException, match="No scalable target"):
        world.policy()


def test_traffic_scales_out_and_its_end_scales_in(world):
    world.register(maximum=4)
    world.policy()
    world.minutes(2, 25.0)
    assert world.sagemaker.count() == 1
    world.minutes(1, 25.0)
    assert world.sagemaker.count() == 3
    (activity,) = world.activities()
    assert (activity["StatusCode"], activity["Description"]) == ("InProgress", "Setting desired instance count to 3.")
    assert "-AlarmHigh-" in activity["Cause"]
    assert activity["Cause"].endswith("in state ALARM triggered policy invocations")

    # while the endpoint is updating nothing happens, whatever the metric says
    world.minutes(2, 100.0)
    assert (world.sagemaker.count(), len(world.activities())) == (3, 1)
    world.sagemaker.settle()
    world.minutes(1, 8.0)
    (activity,) = world.activities()
    assert (activity["StatusCode"], "EndTime" in activity) == ("Successful", True)
    assert activity["StatusMessage"].endswith("Change successfully fulfilled by sagemaker.")

    # below the target, and well below it: 15 minutes of that
    world.minutes(5, 2.0)
    assert world.sagemaker.count() == 3
    world.minutes(12, 2.0)
    assert world.sagemaker.count() == 1
    assert "-AlarmLow-" in world.activities()[0]["Cause"]


def test_scaling_in_stays_where_the_lower_count_would_be_above_the_target(world):
    world.sagemaker.create("bikes", AllTraffic=2)
    world.register(maximum=4)
    world.policy()
    world.minutes(20, 8.0)
    assert (world.sagemaker.count(), world.activities()) == (2, [])


def test_silence_is_no_reason_to_scale(world):
    world.sagemaker.create("bikes", AllTraffic=2)
    world.register()
    world.policy()
    world.minutes(30, None)
    assert (world.sagemaker.count(), world.activities()) == (2, [])


def test_scale_in_can_be_disabled_or_suspended(world):
    world.sagemaker.create("bikes", AllTraffic=3)
    world.register()
    world.policy(DisableScaleIn=True)
    world.minutes(20, 1.0)
    assert world.sagemaker.count() == 3
    world.register(SuspendedState={"DynamicScalingInSuspended": True})
    world.policy()
    world.minutes(20, 1.0)
    assert world.sagemaker.count() == 3
    world.register(SuspendedState={"DynamicScalingInSuspended": False})
    world.minutes(1, 1.0)
    assert world.sagemaker.count() == 1


def test_scale_out_can_be_suspended(world):
    world.register(SuspendedState={"DynamicScalingOutSuspended": True})
    world.policy()
    world.minutes(5, 50.0)
    assert world.sagemaker.count() == 1


def test_cooldowns_are_those_of_the_policy(world):
    world.register(maximum=9)
    world.policy(ScaleOutCooldown=600)
    world.minutes(3, 20.0)
    assert world.sagemaker.count() == 2
    world.sagemaker.settle()
    world.minutes(9, 15.0)
    assert world.sagemaker.count() == 2
    world.minutes(3, 15.0)
    assert world.sagemaker.count() == 3


def test_of_several_policies_the_one_that_wants_most_scales_out_and_all_must_agree_to_scale_in(world):
    world.sagemaker.create("bikes", AllTraffic=2)
    world.register(maximum=9)
    world.policy()
    own = {"MetricName": "Memory", "Namespace": "mine", "Statistic": "Average"}
    own["Dimensions"] = [  # type: ignore[assignment]
        {"Name": "EndpointName", "Value": "bikes"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
    world.policy("memory", 50.0, CustomizedMetricSpecification=own)
    for _ in range(20):
        world.put("mine", "Memory", 49.0)
        world.minutes(1, 1.0)
    assert world.sagemaker.count() == 2
    for _ in range(3):
        world.put("mine", "Memory", 110.0)
        world.minutes(1, 11.0)
    assert world.sagemaker.count() == 5
    assert world.activities()[0]["Cause"].endswith("triggered policy memory")


def test_a_policy_over_metric_math(world):
    world.register(maximum=9)
    dimensions = [{"Name": "EndpointName", "Value": "bikes"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metrics = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": "mine", "MetricName": metric, "Dimensions": dimensions},
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for name, metric in (("queued", "Queued"), ("running", "Running"))
    ]
    metrics.append({"Id": "load", "Expression": "queued / running", "ReturnData": True})
    world.policy(CustomizedMetricSpecification={"Metrics": metrics})
    for _ in range(3):
        world.put("mine", "Queued", 60.0)
        world.put("mine", "Running", 2.0)
        world.minutes(1, None)
    assert world.sagemaker.count() == 3


@pytest.mark.parametrize(("count", "bound"), [(1, "minimum"), (9, "maximum")])
def test_the_bounds_are_kept_without_any_policy(world, count, bound):
    world.sagemaker.create("bikes", AllTraffic=count)
    world.register(minimum=2, maximum=4)
    world.look()
    wanted = 2 if bound == "minimum" else 4
    assert world.sagemaker.count() == wanted
    assert world.activities()[0]["Cause"] == f"{bound} capacity was set to {wanted}"


def test_an_activity_fails_when_the_endpoint_goes_back(world):
    world.register(minimum=2)
    world.look()
    world.sagemaker.create("other", AllTraffic=1)
    world.sagemaker.endpoints["bikes"]["ProductionVariants"][0]["DesiredInstanceCount"] = 1
    world.sagemaker.settle()
    world.look()
    (activity,) = world.activities()
    assert (activity["StatusCode"], activity["StatusMessage"]) == (
        "Failed",
        "Failed to set desired instance count to 2. Reason: the endpoint is InService with a desired instance count "
        "of 1.",
    )


def test_a_refused_change_is_a_failed_activity_and_is_tried_again_after_a_pause(world):
    world.sagemaker.refusal = "The account-level service limit is 1."
    world.register(minimum=2)
    for _ in range(3):
        world.look()
    (activity,) = world.activities()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"].endswith("Reason: The account-level service limit is 1.")
    world.sagemaker.refusal = None
    world.clock.moment += MINUTE
    world.look()
    assert world.sagemaker.count() == 2


@pytest.mark.parametrize("end", ["deleted", "deleting", "made anew", "without the variant"])
def test_a_target_whose_endpoint_is_gone_is_deregistered_with_policies_and_alarms(world, end):
    world.register()
    world.policy()
    world.clock.moment += MINUTE
    if end == "deleted":
        del world.sagemaker.endpoints["bikes"]
    elif end == "deleting":
        world.sagemaker.settle("Deleting")
    elif end == "made anew":
        world.sagemaker.create("bikes", AllTraffic=1)
    else:
        world.sagemaker.endpoints["bikes"]["ProductionVariants"] = []
    world.look()
    assert (world.targets(), world.policies(), world.backend.alarms) == ([], [], {})


def test_a_scaler_goes_on_where_the_last_process_stopped(world):
    world.register(minimum=2)
    world.look()
    world.restart()
    world.look()
    assert [one["StatusCode"] for one in world.activities()] == ["InProgress"]
    world.sagemaker.settle()
    world.look()
    assert [one["StatusCode"] for one in world.activities()] == ["Successful"]


def test_a_policy_whose_alarm_was_deleted_by_hand_stops_no_other_target(world):
    world.register()
    world.policy()
    world.context.alarms.delete(list(world.backend.alarms))
    world.sagemaker.create("other", V=1)
    world.call(
        "RegisterScalableTarget", **{**SCOPE, "ResourceId": "endpoint/other/variant/V"}, MinCapacity=2, MaxCapacity=2
    )
    world.look()
    assert world.sagemaker.endpoints["other"]["ProductionVariants"][0]["DesiredInstanceCount"] == 2


def test_activities_come_newest_first_page_by_page_and_are_forgotten_after_six_weeks(world):
    for minimum in (2, 3, 4):
        world.register(minimum=minimum)
        world.look()
        world.sagemaker.settle()
        world.look()
        world.clock.moment += MINUTE
    first = world.call("DescribeScalingActivities", ServiceNamespace="sagemaker", MaxResults=2)
    second = world.call(
        "DescribeScalingActivities", ServiceNamespace="sagemaker", MaxResults=2, NextToken=first["NextToken"]
    )
    counts = [one["Description"][-2] for page in (first, second) for one in page["ScalingActivities"]]
    assert (counts, second["NextToken"]) == (["4", "3", "2"], None)
    with pytest.raises(InvalidNextTokenException):
        world.call("DescribeScalingActivities", ServiceNamespace="sagemaker", NextToken="nonsense")
    world.clock.moment += timedelta(weeks=7)
    world.register(minimum=1, maximum=1)
    world.look()
    assert len(world.activities()) == 1


def test_tags_of_targets(world):
    arn = world.register(Tags={"team": "routing"})
    world.call("TagResource", ResourceARN=arn, Tags={"stage": "prod"})
    assert world.call("ListTagsForResource", ResourceARN=arn)["Tags"] == {"stage": "prod", "team": "routing"}
    world.call("UntagResource", ResourceARN=arn, TagKeys=["team"])
    assert world.call("ListTagsForResource", ResourceARN=arn)["Tags"] == {"stage": "prod"}
    with pytest.raises(ResourceNotFoundException):
        world.call("ListTagsForResource", ResourceARN=arn + "0")


def test_what_is_not_offered_is_refused(world):
    with pytest.raises(UnsupportedOperation):
        world.call("PutScheduledAction", **SCOPE, ScheduledActionName="night")
    with pytest.raises(ServiceError, match="Member is not known"):
        world.call("DescribeScalableTargets", ServiceNamespace="sagemaker", Bogus=1)
