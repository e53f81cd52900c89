"""The API calls of sources, against botocore's models and the roles of templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.readiness.api_calls import actions_of, check_calls, problems_of
from pipelines.readiness.permissions import check_permissions
from pipelines.readiness.source_calls import Call, calls_in, read_sources
from pipelines.readiness.templates import find_templates

FUNCTION = """
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties: {{Handler: app.handler, Role: !GetAtt Role.Arn, Code: {{S3Bucket: b, S3Key: k}}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: one
          PolicyDocument: {{Statement: [{{Effect: Allow, Action: {actions}, Resource: "*"}}]}}
"""


def project(folder: Path, **modules: str) -> Path:
    """A project with these modules in `pipelines/`."""
    (folder / "pipelines").mkdir(exist_ok=True)
    for name, text in modules.items():
        (folder / "pipelines" / f"{name}.py").write_text(text)
    return folder


def made(folder: Path, **modules: str) -> set[tuple[str, str]]:
    return {(call.service, call.method) for call in calls_in(read_sources(project(folder, **modules)))}


@pytest.mark.parametrize(
    ("text", "service", "method"),
    [
        ("def f(t):\n    return t.client('s3').get_object(Bucket='b', Key='k')", "s3", "get_object"),
        ("def f(t):\n    x = t.client('sqs')\n    x.send_message(QueueUrl='', MessageBody='')", "sqs", "send_message"),
        (
            "def f(t):\n    a, b = t.client('iam'), t.client('sqs')\n    b.purge_queue(QueueUrl='')",
            "sqs",
            "purge_queue",
        ),
        ("def f(t):\n    g(t.client('sqs'))\ndef g(q):\n    q.purge_queue(QueueUrl='')", "sqs", "purge_queue"),
        (
            "class A:\n    queue: object\n    def f(self):\n        self.queue.purge_queue(QueueUrl='')\n"
            "def make(t):\n    return A(t.client('sqs'))",
            "sqs",
            "purge_queue",
        ),
        (
            "def f(t):\n    return A(scaling=t.client('application-autoscaling'))\n"
            "def g(a):\n    a.scaling.describe_scalable_targets(ServiceNamespace='x')",
            "application-autoscaling",
            "describe_scalable_targets",
        ),
        (
            "def queue():\n    return boto3.client('sqs')\ndef f():\n    queue().purge_queue(QueueUrl='')",
            "sqs",
            "purge_queue",
        ),
        ("def f(t):\n    t.client('s3').get_paginator('list_object_versions')", "s3", "list_object_versions"),
        ("def f(t):\n    t.client('s3').upload_file('a', 'b', 'c')", "s3", "put_object"),
    ],
)
def test_a_client_is_followed_to_its_calls(tmp_path: Path, text: str, service: str, method: str) -> None:
    assert (service, method) in made(tmp_path, one=text)


def test_a_name_in_another_module_stands_for_the_same_service(tmp_path: Path) -> None:
    one = "def f(t):\n    queue = t.client('sqs')"
    two = "def g(queue):\n    queue.purge_queue(QueueUrl='')"
    assert made(tmp_path, one=one, two=two) == {("sqs", "purge_queue")}


def test_a_module_and_a_list_that_have_a_services_name_are_no_clients(tmp_path: Path) -> None:
    one = "def f(t):\n    logs = t.client('logs')\n    logs.describe_log_groups()"
    two = "from elsewhere import logs\nlogs.tail()\n"
    three = "def g(logs):\n    logs.append(1)"
    assert made(tmp_path, one=one, two=two, three=three) == {("logs", "describe_log_groups")}


def call(method: str, keywords: frozenset[str] | None, service: str = "sagemaker") -> Call:
    return Call("a.py", 3, service, method, keywords)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (call("describe_model", frozenset({"ModelName"})), []),
        (call("describe_modle", frozenset({"ModelName"})), ["a.py:3: sagemaker has no describe_modle"]),
        (
            call("describe_model", frozenset({"Name"})),
            ["a.py:3: DescribeModel takes no Name", "a.py:3: DescribeModel wants ModelName"],
        ),
        (call("describe_model", None), []),
        # botocore makes the token
        (call("delete_pipeline", frozenset({"PipelineName"})), []),
        (call("list_tables", frozenset(), "nothing"), ["a.py:3: nothing has no list_tables"]),
    ],
)
def test_what_botocore_would_refuse_is_told(made: Call, said: list[str]) -> None:
    assert list(problems_of(made)) == said
    assert check_calls([made]).well is (not said)


def test_actions_are_called_as_iam_calls_them() -> None:
    calls = [call("head_object", None, "s3"), call("invoke_endpoint", None, "sagemaker-runtime")]
    assert actions_of(calls) == {"s3:GetObject", "s3:ListBucket", "sagemaker:InvokeEndpoint"}
    assert actions_of([call("start_execution", None, "stepfunctions")]) == {"states:StartExecution"}


@pytest.mark.parametrize(
    ("actions", "missing"),
    [
        ("['s3:GetObject', 's3:PutObject']", None),
        ("['s3:*']", None),
        ("['s3:GetObject']", "Role lacks s3:PutObject"),
    ],
)
def test_a_role_is_held_against_what_its_function_reaches(tmp_path: Path, actions: str, missing: str | None) -> None:
    """Through an import, and not what stands beside it in the same module."""
    store = (
        "def put(s3):\n    s3.put_object(Bucket='b', Key='k')\n"
        "def forget(s3):\n    s3.delete_object(Bucket='b', Key='k')\n"
    )
    handler = (
        "import boto3\nfrom store import put\n"
        "def handler(event, context):\n    s3 = boto3.client('s3')\n"
        "    s3.get_object(Bucket='b', Key='k')\n    put(s3)\n"
    )
    root = project(tmp_path, app=handler, store=store)
    (root / "pipelines" / "template.yaml").write_text(FUNCTION.format(actions=actions))
    sources = read_sources(root)
    (finding,) = check_permissions(find_templates(root), sources, calls_in(sources))
    assert finding.well is (missing is None)
    assert missing is None or finding.found == missing


def test_a_function_whose_code_is_not_here_is_not_taken_for_checked(tmp_path: Path) -> None:
    root = project(tmp_path, other="")
    (root / "pipelines" / "template.yaml").write_text(FUNCTION.format(actions="'s3:GetObject'"))
    (finding,) = check_permissions(find_templates(root), read_sources(root), [])
    assert finding.well is None
