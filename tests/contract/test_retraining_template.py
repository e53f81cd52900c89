"""The retraining's template: what a build may do is what it does, and an event's words reach it as they are."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.events.inputs import target_input
from local_aws.events.records import Origin
from model_monitor.request_retraining import app
from pipelines import names
from pipelines.readiness.api_calls import actions_of
from pipelines.readiness.permissions import allowed_actions
from pipelines.readiness.policies import check_policies, statements
from pipelines.readiness.reach import reached
from pipelines.readiness.source_calls import calls_in, read_sources
from pipelines.readiness.templates import INLINE_BYTES, Template, read_template
from pipelines.retraining.stack import OF_A_PROJECT, OWN_PARAMETERS, TEMPLATE

ORIGIN = Origin("default", "rule", "arn:rule", datetime(2026, 11, 21, tzinfo=timezone.utc))
ROOT = Path(__file__).resolve().parents[2]
# what buildspec.yml calls, and what those load by a name that is not in the source
ENTRIES = (
    *("pipelines.run_pipeline.main", "pipelines.definition_report.main", "pipelines.get_pipeline_definition.main"),
    *("pipelines.training.pipeline.get_pipeline", "pipelines.training.pipeline.get_execution_parameters"),
    *("pipelines.training.pipeline.get_pipeline_custom_tags", "pipelines.deployment.pipeline.get_pipeline"),
)
# what CodeBuild, S3 and KMS do in the role's name
BY_SERVICES = {
    *("logs:CreateLogStream", "logs:PutLogEvents"),
    *("codebuild:BatchPutTestCases", "codebuild:CreateReport", "codebuild:CreateReportGroup", "codebuild:UpdateReport"),
    *("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetObjectVersion"),
    *("s3:GetObjectTagging", "s3:PutObjectTagging"),
    *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    *("codeconnections:GetConnection", "codeconnections:GetConnectionToken"),
    *("codestar-connections:GetConnection", "codestar-connections:GetConnectionToken"),
    "iam:PassRole",
}


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template(TEMPLATE)


def properties(template: Template, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template.resources[name]["Properties"]
    return found


def test_the_build_may_do_what_it_does_and_nothing_else(template: Template) -> None:
    sources = read_sources(ROOT)
    units = {unit for entry in ENTRIES for unit in reached(entry, sources, "pipelines")}
    needed = actions_of(call for call in calls_in(sources) if (call.path, call.within) in units)
    assert {"sagemaker:StartPipelineExecution", "sagemaker:UpdatePipeline", "s3:PutObject"} <= needed
    assert allowed_actions(template, "BuildRole") == needed | BY_SERVICES


def test_no_action_is_a_wildcard_and_every_wildcard_resource_has_its_reason(template: Template) -> None:
    for finding in check_policies([template]):
        assert finding.well, finding.found
    starred = {one.value["Sid"] for one in statements(template) if any("*" in action for action in one.actions)}
    assert starred == {"AccountDecidesByItsPolicies"}


def test_services_act_for_this_account_alone(template: Template) -> None:
    for one in statements(template):
        if one.allows and "Service" in (one.value.get("Principal") or {}):
            condition = json.dumps(one.value["Condition"])
            assert "AWS::AccountId" in condition or "aws:SourceArn" in condition, one.label


def test_the_role_that_is_handed_on_goes_to_sagemaker_alone(template: Template) -> None:
    (passed,) = (one.value for one in statements(template) if "iam:PassRole" in one.actions)
    assert passed["Resource"] == {"Ref": "PipelineRoleArn"}
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_defaults_are_this_projects_names_and_what_changes_must_be_given(template: Template) -> None:
    parameters = template.document["Parameters"]
    defaults = {name: rules["Default"] for name, rules in parameters.items() if "Default" in rules}
    assert set(parameters) - set(defaults) == OWN_PARAMETERS
    assert defaults["ProjectName"] == names.BUILD_PROJECT_NAME
    assert defaults["TrainingPipelineName"] == names.PIPELINE_NAME
    assert defaults["DeploymentPipelineName"] == names.DEPLOYMENT_PIPELINE_NAME
    assert defaults["ModelPackageGroupName"] == names.MODEL_PACKAGE_GROUP_NAME
    assert defaults["EndpointName"] == names.ENDPOINT_NAME
    assert {defaults[name] for name in OF_A_PROJECT} == {""}
    assert defaults["WaitForExecution"] == "false"


def test_every_parameter_is_used_and_the_template_fits_into_a_request(template: Template) -> None:
    text = json.dumps({name: part for name, part in template.document.items() if name != "Parameters"})
    for name in template.document["Parameters"]:
        assert f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text, name
    assert len(template.text.encode()) <= INLINE_BYTES


@pytest.mark.parametrize("reason", ["in alarm: a, b", 'a "quoted" \\ <reason> $(x)\n' + "é" * 500])
def test_the_words_of_a_request_reach_the_build_as_they_are(template: Template, reason: str) -> None:
    rule = properties(template, "RequestRule")
    assert rule["EventPattern"]["source"] == [app.SOURCE] and rule["EventPattern"]["detail-type"] == [app.DETAIL_TYPE]
    trigger = {"name": "scones-delivery-vehicles-drift", "arn": "arn:aws:cloudwatch:::alarm:x"}
    event = {"detail": {"reason": reason, "trigger": trigger, "endpoint": "e", "requestId": "id-1"}}
    (target,) = rule["Targets"]
    given = json.loads(target_input(target, event, ORIGIN))
    assert {one["name"]: one["value"] for one in given["environmentVariablesOverride"]} == {
        "RETRAINING_REASON": reason,
        "RETRAINING_TRIGGER": "scones-delivery-vehicles-drift",
        "RETRAINING_REQUEST_ID": "id-1",
    }
    assert {one["type"] for one in given["environmentVariablesOverride"]} == {"PLAINTEXT"}


def test_nothing_but_a_request_starts_a_build(template: Template) -> None:
    """A request went through the function that knows cool-down and daily limit; a schedule would not have."""
    starting = {
        name
        for name, one in template.resources.items()
        if one["Type"] == "AWS::Events::Rule"
        and {"Fn::GetAtt": ["Build", "Arn"]} in [target["Arn"] for target in one["Properties"]["Targets"]]
    }
    assert starting == {"RequestRule"}
    assert not [one for one in template.resources.values() if "ScheduleExpression" in one.get("Properties", {})]


def test_every_event_that_cannot_be_delivered_is_kept(template: Template) -> None:
    rules = {name for name, one in template.resources.items() if one["Type"] == "AWS::Events::Rule"}
    for name in rules:
        for target in properties(template, name)["Targets"]:
            assert target["DeadLetterConfig"] == {"Fn::GetAtt": ["Undelivered", "Arn"]} or target[
                "DeadLetterConfig"
            ] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
    policy = json.dumps(properties(template, "UndeliveredPolicy"))
    assert rules == set(re.findall(r'"Fn::GetAtt": \["(\w+Rule)", "Arn"\]', policy))


def test_builds_are_one_at_a_time_end_and_leave_encrypted_reports(template: Template) -> None:
    build = properties(template, "Build")
    assert build["ConcurrentBuildLimit"] == 1 and build["TimeoutInMinutes"] == {"Ref": "BuildTimeoutMinutes"}
    assert build["Artifacts"]["Location"] == {"Ref": "ArtifactBucket"}
    assert "EncryptionDisabled" not in build["Artifacts"]
    assert build["EncryptionKey"]["Fn::If"][:2] == ["HasKey", {"Ref": "KmsKeyArn"}]
    assert build["LogsConfig"]["CloudWatchLogs"]["GroupName"] == {"Ref": "LogGroup"}
    assert properties(template, "LogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_there_are_only_types_that_the_local_aws_makes_too(template: Template) -> None:
    assert {one["Type"] for one in template.resources.values()} <= set(RESOURCE_TYPES)
