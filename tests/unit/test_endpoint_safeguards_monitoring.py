"""Monitoring schedules after a deployment: they watch the version that serves."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.deployment.endpoint_safeguards.handler import respond
from pipelines.deployment.endpoint_safeguards.monitoring import definition_name, move_schedules
from tests.unit.endpoint_safeguards_services import ENDPOINT, event, package_arn
from tests.unit.monitoring_services import MonitoredWorld, definition

DATA, MODEL = f"{ENDPOINT}-data-quality", f"{ENDPOINT}-model-quality"


@pytest.fixture
def world() -> MonitoredWorld:
    made = MonitoredWorld()
    made.endpoint()
    return made


def guard(world: MonitoredWorld, **changes: Any) -> str:
    return str(respond(event("guard", **changes), world.aws, lambda _seconds: None)["Monitoring"])


def test_nothing_scheduled_nothing_done(world: MonitoredWorld) -> None:
    assert guard(world) == "nothing scheduled"
    assert not [call for call in world.changes if "monitoring" in call or "definition" in call]


def test_schedules_move_to_the_baselines_and_the_preprocessor_of_the_new_version(world: MonitoredWorld) -> None:
    world.schedule("DataQuality")
    world.schedule("ModelQuality")
    assert guard(world) == f"{DATA} watches version 2 now; {MODEL} watches version 2 now"

    for name, monitoring_type in ((DATA, "DataQuality"), (MODEL, "ModelQuality")):
        runs = world.runs(name)
        # everything else is as it was
        assert {key: value for key, value in runs.items() if key != "JobDefinitionName"} == definition(
            monitoring_type, 2
        )
        assert world.sagemaker._schedules[name]["ScheduleConfig"] == {"ScheduleExpression": "cron(0 * ? * * *)"}
    # the old ones are gone
    assert len(world.sagemaker._definitions) == 2


def test_a_second_time_nothing_changes(world: MonitoredWorld) -> None:
    world.schedule()
    guard(world)
    before = list(world.calls)
    assert guard(world) == f"{DATA} watches version 2 already"
    assert not [call for call in world.calls[len(before) :] if call.startswith(("create_", "update_", "delete_"))]


def test_a_renewed_baseline_of_the_same_version_stays(world: MonitoredWorld) -> None:
    renewed = {"ConstraintsResource": {"S3Uri": "s3://bucket/renewed/constraints.json"}}
    world.schedule(version=2, DataQualityBaselineConfig=renewed)
    assert guard(world) == f"{DATA} watches version 2 already"
    assert world.runs(DATA)["DataQualityBaselineConfig"] == renewed


def test_a_package_without_baselines_leaves_the_schedules_and_says_so(world: MonitoredWorld) -> None:
    world.schedule()
    del world.sagemaker._packages[package_arn(2)]["DriftCheckBaselines"]
    assert guard(world) == f"{DATA} is left as it was: version 2 carries no baseline for it"
    assert world.runs(DATA)["JobDefinitionName"] == f"{DATA}-1"


def test_a_package_without_a_preprocessor_keeps_the_one_that_there_is(world: MonitoredWorld) -> None:
    world.schedule()
    del world.sagemaker._packages[package_arn(2)]["CustomerMetadataProperties"]["record_preprocessor"]
    guard(world)
    application = world.runs(DATA)["DataQualityAppSpecification"]
    assert application["RecordPreprocessorSourceUri"] == "s3://bucket/code/1/record_preprocessor.py"


def test_after_a_rollback_the_schedule_stays_with_the_version_that_serves(world: MonitoredWorld) -> None:
    world.schedule()
    world.endpoint(package_arn(1))
    assert guard(world) == f"{DATA} watches version 1 already"


def test_a_deployment_that_gave_way_leaves_schedules_to_the_later_one(world: MonitoredWorld) -> None:
    world.schedule()
    assert guard(world, Action="superseded") == "left to the later deployment"
    assert world.runs(DATA)["JobDefinitionName"] == f"{DATA}-1"


def test_a_schedule_of_someone_else_is_left_alone(world: MonitoredWorld) -> None:
    world.sagemaker._schedules[DATA] = {"MonitoringJobDefinition": {}}
    assert guard(world) == f"{DATA} is left: it was not made by this project"


def test_a_model_of_no_package_has_no_baseline(world: MonitoredWorld) -> None:
    world.schedule()
    assert (
        move_schedules(world.aws, ENDPOINT, None, lambda _: None)
        == f"{DATA} is left: the endpoint serves no model package"
    )


def test_a_definition_that_another_schedule_runs_is_kept(world: MonitoredWorld) -> None:
    name = world.schedule()
    world.sagemaker._schedules["other"] = dict(world.sagemaker._schedules[name])
    guard(world)
    assert ("DataQuality", f"{DATA}-1") in world.sagemaker._definitions


def test_the_old_definition_is_locked_until_the_change_applies(world: MonitoredWorld) -> None:
    world.schedule()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)

    update = world.sagemaker.__class__.update_monitoring_schedule

    class Slow(world.sagemaker.__class__):  # type: ignore[misc, name-defined]
        def update_monitoring_schedule(self, **request: Any) -> dict[str, Any]:
            self._pending_looks = 2
            return update(self, **request)

    world.sagemaker.__class__ = Slow
    move_schedules(world.aws, ENDPOINT, package_arn(2), sleep)
    assert len(slept) == 2
    assert ("DataQuality", f"{DATA}-1") not in world.sagemaker._definitions


def test_an_attempt_that_got_no_further_than_the_definition_is_gone_on_with(world: MonitoredWorld) -> None:
    world.schedule()
    guard(world)
    # the schedule is back at version 1, the definition for version 2 is there
    world.sagemaker._create("DataQuality", definition("DataQuality", 1, JobDefinitionName=f"{DATA}-1"))
    world.sagemaker._schedules[DATA]["MonitoringJobDefinitionName"] = f"{DATA}-1"
    assert guard(world) == f"{DATA} watches version 2 now"


def test_an_endpoint_whose_schedules_no_name_fits_has_none(world: MonitoredWorld) -> None:
    assert move_schedules(world.aws, "e" * 63, package_arn(2), lambda _: None) == "nothing scheduled"


def test_names_of_definitions_fit_and_name_the_content() -> None:
    one, other = definition_name("e" * 63, {"a": 1}), definition_name("e" * 63, {"a": 2})
    assert len(one) == 63 and one != other
    assert definition_name("x", {"a": 1, "b": 2}) == definition_name("x", {"b": 2, "a": 1})
