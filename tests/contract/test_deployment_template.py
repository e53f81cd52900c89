"""The template of the deployment pipeline: what its function may do is what its code calls, and no more."""

from __future__ import annotations

import ast
import json
from typing import Any

import botocore.session
import pytest
import yaml

from pipelines.deployment.stack import FUNCTION_FOLDER, TEMPLATE
from pipelines.names import DEPLOYMENT_PIPELINE_NAME, MODEL_PACKAGE_GROUP_NAME

# The part of IAM's action names before the colon, for each client that `aws.py` has.
IAM_SERVICES = {
    "sagemaker": ("sagemaker", "sagemaker"),
    "s3": ("s3", "s3"),
    "cloudwatch": ("cloudwatch", "cloudwatch"),
    "autoscaling": ("application-autoscaling", "application-autoscaling"),
}
# Where IAM's action is not named as the API's operation is: a HEAD is a GET, and without ListBucket it answers 403
# for an object that is not there.
OTHER_ACTIONS = {("s3", "HeadObject"): {"s3:GetObject", "s3:ListBucket"}}
# What Lambda does in the function's name, and what Application Auto Scaling asks for in its caller's (
# https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html).
BY_SERVICES = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "iam:CreateServiceLinkedRole",
    # asked for where a job definition names the role of its jobs
    "iam:PassRole",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
}
# what Lambda's runtime has
STANDS_ON = {"__future__", "boto3", "botocore"} | {
    *("collections", "dataclasses", "datetime", "hashlib", "json", "re", "time", "typing", "urllib")
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: !Sub x is {"Fn::Sub": x}."""


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix if suffix == "Ref" else f"Fn::{suffix}": loader.construct_scalar(node)}
    raise AssertionError(f"!{suffix} of a {node.id} is not used in our templates")


Loader.add_multi_constructor("!", _short_form)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)  # noqa: S506
    return loaded


@pytest.fixture(scope="module")
def statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    (policy,) = template["Resources"]["Role"]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def calls_of_the_function() -> set[tuple[str, str]]:
    """(client, method) of every `aws.<client>.<method>(…)` in the function's source."""
    found = set()
    for path in FUNCTION_FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="aws"), attr=client), attr=method)
                ):
                    found.add((client, method))
    return found


def actions_of(client: str, method: str) -> set[str]:
    service, iam_service = IAM_SERVICES[client]
    model = botocore.session.get_session().get_service_model(service)
    operation = next(name for name in model.operation_names if name.lower() == method.replace("_", ""))
    return OTHER_ACTIONS.get((service, operation), {f"{iam_service}:{operation}"})


def test_the_role_allows_what_the_function_calls_and_nothing_else(statements: list[dict[str, Any]]) -> None:
    calls = calls_of_the_function()
    assert len(calls) >= 14
    allowed = {action for statement in statements for action in _as_list(statement["Action"])}
    assert allowed == BY_SERVICES | {action for call in calls for action in actions_of(*call)}


def test_no_client_escapes_that_check() -> None:
    """A client that travels under another name than `aws.<client>` would make calls that nobody counts."""
    for path in FUNCTION_FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in IAM_SERVICES:
                assert isinstance(node.value, ast.Name) and node.value.id == "aws", f"{path.name}:{node.lineno}"
            if isinstance(node, ast.Attribute) and node.attr in {"client", "resource"}:
                assert path.name == "aws.py", f"{path.name}:{node.lineno}"


def test_every_wildcard_has_its_reason_beside_it(statements: list[dict[str, Any]]) -> None:
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    for statement in statements:
        assert all("*" not in action for action in _as_list(statement["Action"]))
        if "*" not in json.dumps(statement["Resource"]):
            continue
        start = next(number for number, line in enumerate(lines) if line.strip() == f"- Sid: {statement['Sid']}")
        end = next(
            (
                number
                for number in range(start + 1, len(lines))
                if "- Sid:" in lines[number] or not lines[number].strip()
            ),
            len(lines),
        )
        assert any(line.strip().startswith("#") for line in lines[start:end]), statement["Sid"]


def test_there_are_only_types_that_the_local_aws_makes_too(template: dict[str, Any]) -> None:
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert types == {
        *("AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
        *("AWS::Events::Rule", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
    }


def test_an_approval_starts_the_pipeline_of_this_project_and_is_kept_where_it_cannot(template: dict[str, Any]) -> None:
    resources, defaults = (
        template["Resources"],
        {name: one.get("Default") for name, one in template["Parameters"].items()},
    )
    assert (defaults["PipelineName"], defaults["ModelPackageGroupName"]) == (
        DEPLOYMENT_PIPELINE_NAME,
        MODEL_PACKAGE_GROUP_NAME,
    )
    rule = resources["ApprovalRule"]["Properties"]
    assert rule["EventPattern"]["detail"]["ModelApprovalStatus"] == ["Approved"]
    (target,) = rule["Targets"]
    assert target["SageMakerPipelineParameters"]["PipelineParameterList"] == [
        {"Name": "ModelPackageArn", "Value": "$.detail.ModelPackageArn"}
    ]
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": "UndeliveredApprovals.Arn"}}
    (statement,) = resources["UndeliveredApprovalsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": "ApprovalRule.Arn"}}}
    (policy,) = resources["ApprovalRole"]["Properties"]["Policies"]
    assert [one["Action"] for one in policy["PolicyDocument"]["Statement"]] == ["sagemaker:StartPipelineExecution"]


def test_the_handler_is_there_and_has_the_time_that_it_waits(template: dict[str, Any]) -> None:
    from pipelines.deployment.endpoint_safeguards import handler, live

    properties = template["Resources"]["Function"]["Properties"]
    assert properties["Handler"] == f"{FUNCTION_FOLDER.name}.{handler.__name__.rpartition('.')[2]}.handler"
    assert properties["Timeout"] > live.WAIT_SECONDS


def test_the_function_stands_alone() -> None:
    for path in FUNCTION_FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [str(node.module)]
            for module in modules:
                assert module.partition(".")[0] in STANDS_ON, f"{path.name} imports {module}"
