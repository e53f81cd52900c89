"""From drift to a build and no second one, whole: alarms, the function with the limits, its event, the rule, CodeBuild.

The seed is a small one: what the repository's own buildspec does is test_retraining_build.py's.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from model_monitor.stack import MonitorStack, delete_monitor_stack, deploy_monitor_stack
from pipelines.retraining.permission import limits_in_force
from pipelines.retraining.stack import RetrainingStack, delete_retraining_stack, deploy_retraining_stack
from pipelines.session import Target, open_target
from pipelines.stacks import resources
from tests.waiting import wait_until

BUILDSPEC = """
version: 0.2
phases:
  build:
    commands:
      - echo "$RETRAINING_TRIGGER because $RETRAINING_REASON" > report.txt
artifacts:
  files: [report.txt]
"""


class Loop:
    """An endpoint's monitor, and the build that answers it, in a bucket of their own."""

    def __init__(self, server: Any, tree: Path) -> None:
        self.server, self.id = server, uuid.uuid4().hex[:8]
        self.endpoint, bucket = f"looped-{self.id}", f"looped-{self.id}-bucket"
        server.client("s3").create_bucket(Bucket=bucket)
        self.target: Target = open_target("local", endpoint_url=server.url, bucket=bucket, environ={})
        names = {"EndpointName": self.endpoint, "TrainingPipelineName": self.endpoint}
        self.answer: RetrainingStack = deploy_retraining_stack(
            self.target, {**names, "ProjectName": f"build-{self.id}"}, name=f"answer-{self.id}", root=tree
        )
        self.monitor: MonitorStack = deploy_monitor_stack(
            self.target, self.endpoint, {"TrainingPipelineName": self.endpoint, "RetrainingScheduleState": "ENABLED"}
        )

    def alarm(self, name: str) -> None:
        """It goes off, having been silent."""
        for state in ("OK", "ALARM"):
            self.server.client("cloudwatch").set_alarm_state(
                AlarmName=name, StateValue=state, StateReason=f"{name} is {state}"
            )

    @property
    def function(self) -> str:
        return self._physical("Function")

    @property
    def rule(self) -> str:
        return self._physical("ScheduleRule")

    def be_due(self) -> dict[str, Any]:
        """Send what the schedule's rule sends, as the rule sends it; what the function answers."""
        arn = self.server.client("events").describe_rule(Name=self.rule)["Arn"]
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "account": "123456789012",
            "region": "us-east-1",
            "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resources": [arn],
            "detail": {},
        }
        called = self.server.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(event).encode())
        answer: dict[str, Any] = json.loads(called["Payload"].read())
        return answer

    def decided(self) -> list[dict[str, Any]]:
        """What the function has decided so far, as its log has it."""
        logs, group = self.server.client("logs"), f"/aws/lambda/{self.monitor.name}-request-retraining"
        lines = [one["message"] for one in logs.filter_log_events(logGroupName=group)["events"]]
        return [json.loads(line) for line in lines if '"outcome"' in line]

    def builds(self) -> list[dict[str, Any]]:
        """Those that have ended, and none that has not."""
        codebuild = self.server.client("codebuild")
        ids = codebuild.list_builds_for_project(projectName=self.answer.build_project)["ids"]
        found = list(codebuild.batch_get_builds(ids=ids)["builds"]) if ids else []
        return found if all(one["buildComplete"] for one in found) else []

    def requests(self) -> list[dict[str, Any]]:
        key = "scones/retraining/state.json"
        body = self.server.client("s3").get_object(Bucket=self.target.bucket, Key=key)["Body"].read()
        found: list[dict[str, Any]] = json.loads(body)["requests"]
        return found

    def _physical(self, logical_id: str) -> str:
        found = resources(self.server.client("cloudformation"), self.monitor.name)
        (one,) = (each for each in found if each.logical_id == logical_id)
        return one.physical_id


@pytest.fixture(scope="module")
def loop(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    tree = tmp_path_factory.mktemp("seeded")
    (tree / "buildspec.yml").write_text(BUILDSPEC)
    for name in ("requirements.txt", "setup.py", ".gitignore"):
        (tree / name).write_text("")
    made = Loop(local_aws, tree)
    yield made
    delete_monitor_stack(made.target, made.endpoint)
    delete_retraining_stack(made.target, made.answer.name)


def test_two_alarms_within_the_cool_down_are_one_build(loop: Loop) -> None:
    loop.alarm(loop.monitor.drift_alarm)
    (build,) = wait_until(loop.builds, "the build to end")
    # the same drift anew, and another reason
    for alarm in (loop.monitor.drift_alarm, loop.monitor.model_quality_alarm):
        before = len(loop.decided())
        loop.alarm(alarm)
        wait_until(lambda before=before: len(loop.decided()) > before, f"a decision on {alarm}")
    decided = loop.decided()
    assert [one["outcome"] for one in decided] == ["start", "cool-down", "cool-down"]
    assert decided[1]["until"] and "within the cool-down of request" in decided[1]["reason"]
    assert [one["id"] for one in wait_until(loop.builds, "the builds to end")] == [build["id"]]
    assert build["buildStatus"] == "SUCCEEDED", build["phases"]
    (request,) = loop.requests()
    variables = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
    assert variables["RETRAINING_REQUEST_ID"] == request["requestId"]
    assert variables["RETRAINING_TRIGGER"] == loop.monitor.drift_alarm


def test_a_schedule_that_is_due_within_the_cool_down_starts_nothing_and_says_so(loop: Loop) -> None:
    before = wait_until(loop.builds, "the builds to end")
    answer = loop.be_due()
    assert (answer["outcome"], answer["trigger"]) == ("cool-down", "schedule")
    assert answer["reason"] == f"within the cool-down of request {loop.requests()[0]['requestId']}"
    wait_until(
        lambda: answer in [{name: one.get(name) for name in answer} for one in loop.decided()],
        "the decision in the log",
    )
    assert (len(loop.requests()), len(wait_until(loop.builds, "the builds to end"))) == (1, len(before))


def test_a_schedule_that_is_due_later_is_a_build_that_says_so(loop: Loop) -> None:
    deploy_monitor_stack(loop.target, loop.endpoint, {"CoolDownMinutes": "0"})
    assert limits_in_force(loop.target, loop.endpoint).cool_down == timedelta(0)
    assert loop.be_due()["outcome"] == "start"
    newest = wait_until(lambda: next(iter(found), None) if len(found := loop.builds()) == 2 else None, "a second build")
    variables = {one["name"]: one["value"] for one in newest["environment"]["environmentVariables"]}
    assert (variables["RETRAINING_REASON"], variables["RETRAINING_TRIGGER"]) == ("scheduled", "schedule")
    assert variables["RETRAINING_REQUEST_ID"] == loop.requests()[-1]["requestId"]


def test_the_rule_of_the_schedule_has_no_other_target_and_may_call_it(loop: Loop, local_aws: Any) -> None:
    events = local_aws.client("events")
    assert events.describe_rule(Name=loop.rule)["State"] == "ENABLED"
    (target,) = events.list_targets_by_rule(Rule=loop.rule)["Targets"]
    function = local_aws.client("lambda").get_function(FunctionName=loop.function)["Configuration"]["FunctionArn"]
    assert target["Arn"] == function and "Input" not in target and "InputTransformer" not in target
    policy = json.loads(local_aws.client("lambda").get_policy(FunctionName=loop.function)["Policy"])
    allowed = [json.dumps(one["Condition"]) for one in policy["Statement"]]
    assert any(loop.rule in condition for condition in allowed)
