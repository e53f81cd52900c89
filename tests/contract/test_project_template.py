"""The SageMaker Project template: what SageMaker asks of one, what its nested templates take, what its roles may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.cloudformation.resources import RESOURCE_TYPES
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, check_names, on_demand_name, schedule_name
from pipelines.readiness.policies import ROLE_INLINE_LIMIT, as_list, check_policies, statements
from pipelines.readiness.templates import Template, read_template
from seed_code.packaging import NESTED, TEMPLATE
from seed_code.project import LONGEST_NAME, PROJECT_NAME

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
LAMBDA_NAME, SCHEDULE_NAME, BUCKET_NAME = 64, 63, 63
# as long as SageMaker lets a name be, and an id as it makes them
NAME, ID = "n" * LONGEST_NAME, "p-abcdefghijkl"
FUNCTIONS = ("serialize-image-data", "classify-image", "filter-low-confidence", "summarize-bulk")
# what the pipeline service calls with the pipeline's role for a step of each type
# https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-access.html
CALLS = {
    "Processing": {f"sagemaker:{verb}ProcessingJob" for verb in ("Create", "Describe", "Stop")},
    "QualityCheck": {f"sagemaker:{verb}ProcessingJob" for verb in ("Create", "Describe", "Stop")},
    "Training": {f"sagemaker:{verb}TrainingJob" for verb in ("Create", "Describe", "Stop")},
    "Transform": {f"sagemaker:{verb}TransformJob" for verb in ("Create", "Describe", "Stop")},
    "Model": {"sagemaker:CreateModel", "sagemaker:DescribeModel"},
    "EndpointConfig": {"sagemaker:CreateEndpointConfig", "sagemaker:DescribeEndpointConfig"},
    "Endpoint": {
        *(f"sagemaker:{verb}Endpoint" for verb in ("Create", "Describe", "Update")),
        "cloudwatch:DescribeAlarms",
    },
    "RegisterModel": {"sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"},
    "Lambda": {"lambda:InvokeFunction"},
    "Condition": set(),
    "Fail": set(),
}


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template(TEMPLATE)


def nested(template: Template) -> dict[str, tuple[dict[str, Any], Template]]:
    """The stacks in it by logical id: the parameters that each is given, and its template."""
    found = {}
    for name, resource in template.resources.items():
        if resource["Type"] == NESTED:
            properties = resource["Properties"]
            found[name] = properties["Parameters"], read_template(TEMPLATE.parent / properties["TemplateURL"])
    return found


def test_it_takes_what_sagemaker_gives_a_project_and_nothing_else_has_to_be_given(template: Template) -> None:
    parameters = template.document["Parameters"]
    name = parameters["SageMakerProjectName"]
    assert (name["MaxLength"], name["AllowedPattern"]) == (32, "^[a-zA-Z](-*[a-zA-Z0-9])*")
    assert PROJECT_NAME.fullmatch(NAME) and not PROJECT_NAME.fullmatch("1" + NAME[1:])
    packaged = set(template.document["Metadata"]["Packaged"])
    assert packaged <= set(parameters)
    asked = {key for key, rules in parameters.items() if "Default" not in rules}
    assert asked - packaged == {"SageMakerProjectName", "SageMakerProjectId"}


def test_every_parameter_is_used(template: Template) -> None:
    text = json.dumps({"Resources": template.resources, "Conditions": template.document["Conditions"]})
    for name in template.document["Parameters"]:
        assert f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text, name


def test_nested_templates_get_what_they_need_and_know_all_that_they_get(template: Template) -> None:
    stacks = nested(template)
    assert {"Deployment", "Workflow", "Monitor", "Retraining"} == set(stacks)
    for name, (given, inner) in stacks.items():
        declared = inner.document["Parameters"]
        needed = {key for key, rules in declared.items() if "Default" not in rules}
        assert needed <= set(given) <= set(declared), name


def test_what_is_taken_from_nested_stacks_is_among_their_outputs(template: Template) -> None:
    outputs = {name: set(inner.document["Outputs"]) for name, (_, inner) in nested(template).items()}
    taken = [found for found in _get_atts(template.document) if found[0] in outputs]
    assert len(taken) >= 6
    for name, attribute in taken:
        assert attribute.removeprefix("Outputs.") in outputs[name], (name, attribute)


def test_no_name_begins_otherwise_than_with_the_projects_so_that_two_projects_fit_into_an_account(
    template: Template,
) -> None:
    """Names that a nested template has a default for are one project's own: each is given."""
    for name, (given, inner) in nested(template).items():
        for key, rules in inner.document["Parameters"].items():
            if isinstance(rules.get("Default"), str) and rules["Default"].lower().startswith("scones"):
                assert "${SageMakerProjectName}" in json.dumps(given[key]), (name, key)
    for name, resource in template.resources.items():
        named = RESOURCE_TYPES[resource["Type"]].named_by
        if named in resource.get("Properties", {}):
            assert "${SageMakerProject" in json.dumps(resource["Properties"][named]), name


def test_the_longest_project_name_fits_everywhere(template: Template) -> None:
    stacks = nested(template)
    endpoint = _named(stacks["Monitor"][0]["EndpointName"])
    check_names(endpoint)
    assert len(_named(stacks["Deployment"][0]["FunctionName"])) <= LAMBDA_NAME
    workflow = _named(stacks["Workflow"][0]["WorkflowName"])
    assert len(workflow) <= stacks["Workflow"][1].document["Parameters"]["WorkflowName"]["MaxLength"]
    assert max(len(f"{workflow}-{function}") for function in FUNCTIONS) <= LAMBDA_NAME
    assert len(_named(template.resources["ArtifactBucket"]["Properties"]["BucketName"])) <= BUCKET_NAME


def test_the_monitor_watches_the_schedules_that_the_project_makes_for_its_endpoint(template: Template) -> None:
    given = {key: _named(value) for key, value in nested(template)["Monitor"][0].items() if "Fn::Sub" in value}
    endpoint = given["EndpointName"]
    assert given["DataQualitySchedule"] == schedule_name(endpoint, DATA_QUALITY)
    assert given["DataQualityScheduleNow"] == on_demand_name(endpoint, DATA_QUALITY)
    assert given["ModelQualitySchedule"] == schedule_name(endpoint, MODEL_QUALITY)
    assert given["ModelQualityScheduleNow"] == on_demand_name(endpoint, MODEL_QUALITY)
    workflow = nested(template)["Workflow"][0]
    assert given["WorkflowStackName"] == _named(workflow["WorkflowName"])
    assert _named(workflow["EndpointName"]) == endpoint


@pytest.mark.parametrize("golden", ["training_pipeline.json", "deployment_pipeline.json"])
def test_the_pipelines_role_may_do_what_their_steps_do(template: Template, golden: str) -> None:
    allowed = {action for one in _of_the_pipeline_role(template) for action in as_list(one["Action"])}
    for step in _steps(json.loads((GOLDEN / golden).read_text())["Steps"]):
        assert CALLS[step["Type"]] <= allowed, step["Name"]
    assert {"iam:PassRole", "sagemaker:AddTags", "kms:CreateGrant"} <= allowed


def test_the_pipelines_role_does_nothing_that_no_step_needs(template: Template) -> None:
    steps = [
        step
        for name in ("training_pipeline.json", "deployment_pipeline.json")
        for step in _steps(json.loads((GOLDEN / name).read_text())["Steps"])
    ]
    needed = {action for step in steps for action in CALLS[step["Type"]]}
    by_sid = {one["Sid"]: as_list(one["Action"]) for one in _of_the_pipeline_role(template)}
    of_steps = ("RunJobs", "MakeModels", "Deploy", "RegisterModels", "CallTheSafeguards", "WatchAlarmsWhileDeploying")
    # a group is described when a version goes into it
    assert {action for sid in of_steps for action in by_sid[sid]} - needed == {"sagemaker:DescribeModelPackageGroup"}


def test_images_of_the_pipelines_may_be_pulled(template: Template) -> None:
    (pull,) = (one for one in _of_the_pipeline_role(template) if one["Sid"] == "PullImagesOfAws")
    allowed = {_text(resource).rpartition("/")[2] for resource in pull["Resource"]}
    text = "".join((GOLDEN / name).read_text() for name in ("training_pipeline.json", "deployment_pipeline.json"))
    used = {part.partition('"')[0].partition(":")[0] for part in text.split("amazonaws.com/")[1:]}
    assert used and used <= allowed


def test_the_role_hands_on_nothing_but_itself(template: Template) -> None:
    (passed,) = (one for one in _of_the_pipeline_role(template) if "iam:PassRole" in as_list(one["Action"]))
    assert passed["Resource"] == {"Fn::GetAtt": ["PipelineRole", "Arn"]}
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_no_action_is_a_wildcard_and_every_wildcard_resource_has_its_reason(template: Template) -> None:
    for finding in check_policies([template]):
        assert finding.well, finding.found
    starred = {
        (one.resource, one.value["Sid"]): one.actions
        for one in statements(template)
        if any("*" in action for action in one.actions)
    }
    # the account must be able to change the key's policy; the other one forbids
    assert starred == {
        ("Key", "AccountDecidesByItsPolicies"): ["kms:*"],
        ("ArtifactBucketPolicy", "OnlyOverTls"): ["s3:*"],
    }


def test_all_policies_of_the_pipelines_role_together_are_within_iams_limit(template: Template) -> None:
    text = json.dumps(_of_the_pipeline_role(template), separators=(",", ":"))
    # names written out are longer than what stands for them
    assert len(text) < 0.8 * ROLE_INLINE_LIMIT


def test_whoever_everybody_is_has_to_be_of_this_account(template: Template) -> None:
    for one in statements(template):
        if one.allows and one.value.get("Principal") == "*":
            assert one.value["Condition"]["StringEquals"]["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
            assert "kms:ViaService" in one.value["Condition"]["StringEquals"]


def test_services_act_for_this_account_alone(template: Template) -> None:
    """Nobody else's event, alarm or job may use what is here."""
    for one in statements(template):
        if one.allows and "Service" in (one.value.get("Principal") or {}):
            condition = json.dumps(one.value.get("Condition", {}))
            assert "AWS::AccountId" in condition or "aws:SourceArn" in condition, one.label


def test_the_bucket_is_encrypted_versioned_closed_and_cleaned_up(template: Template) -> None:
    bucket = template.resources["ArtifactBucket"]
    properties = bucket["Properties"]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert rule["BucketKeyEnabled"] is True
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    rules = {one["Id"]: one for one in properties["LifecycleConfiguration"]["Rules"]}
    capture = json.loads((GOLDEN / "deployment_pipeline.json").read_text())["Steps"][0]["Arguments"]["CaptureUri"]
    assert capture.endswith(rules["ForgetOldCaptures"]["Prefix"].removesuffix("/"))
    assert template.resources["Key"]["Properties"]["EnableKeyRotation"] is True
    retained = {name for name, one in template.resources.items() if "DeletionPolicy" in one}
    assert retained == {"Key", "ArtifactBucket", "ArtifactBucketPolicy", "ModelPackageGroup"}


def test_the_schedule_trains_nothing_until_somebody_turns_it_on(template: Template) -> None:
    assert template.document["Parameters"]["RetrainingScheduleState"]["Default"] == "DISABLED"
    monitor, _ = nested(template)["Monitor"]
    assert monitor["RetrainingScheduleState"] == {"Ref": "RetrainingScheduleState"}
    assert monitor["RetrainingSchedule"] == {"Ref": "RetrainingSchedule"}


def test_nothing_starts_a_build_by_a_schedule_past_the_function_that_knows_the_limits(template: Template) -> None:
    every = [(TEMPLATE.parent, template), *((name, inner) for name, (_, inner) in nested(template).items())]
    scheduled = [
        (where, name)
        for where, one in every
        for name, resource in one.resources.items()
        if "ScheduleExpression" in resource.get("Properties", {})
    ]
    assert ("Monitor", "ScheduleRule") in scheduled
    for where, name in scheduled:
        text = json.dumps(dict(every)[where].resources[name])
        assert "Build" not in text, (where, name)


def test_there_are_only_types_that_the_local_aws_makes_too(template: Template) -> None:
    assert {one["Type"] for one in template.resources.values()} <= set(RESOURCE_TYPES)


def _of_the_pipeline_role(template: Template) -> list[dict[str, Any]]:
    return [
        one.value
        for one in statements(template)
        if one.resource in ("PipelineRole", "PipelinePolicy") and "Sid" in one.value
    ]


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step.get("Arguments", {}).get(branch, []))


def _get_atts(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if list(value) == ["Fn::GetAtt"]:
            yield value["Fn::GetAtt"][0], value["Fn::GetAtt"][1]
        for member in value.values():
            yield from _get_atts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _get_atts(member)


def _text(value: Any) -> str:
    return str(value["Fn::Sub"] if isinstance(value, dict) else value)


def _named(value: Any) -> str:
    return _text(value).replace("${SageMakerProjectName}", NAME).replace("${SageMakerProjectId}", ID)
