"""Templates and their policies as `scones doctor --target aws` judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.readiness.checks import check_sources
from pipelines.readiness.policies import check_policies, size_problems, statements, wildcards
from pipelines.readiness.templates import INLINE_BYTES, Template, find_templates, read_template, sizes, transformed

ROLE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: one
          PolicyDocument:
            Version: 2012-10-17
            Statement:
"""


def template_of(folder: Path, text: str) -> Template:
    path = folder / "template.yaml"
    path.write_text(text)
    return read_template(path)


def said_of(folder: Path, statement: str) -> list[str]:
    """What is said of one statement of a role, given as the lines of a list item."""
    lines = "\n".join(f"              {line}" for line in statement.strip().splitlines())
    template = template_of(folder, ROLE + lines + "\n")
    return [said for one in statements(template) for said in wildcards(one, template)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("- {Sid: A, Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/k'}", []),
        (
            "- {Sid: A, Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::b/k'}",
            ["Role.A allows s3:*"],
        ),
        ("- {Sid: A, Effect: Allow, Action: 's3:GetObject', Resource: '*'}", ["Role.A is for *"]),
        ("- {Sid: A, Effect: Deny, Action: '*', Resource: '*'}", []),
        (
            "- Sid: A\n  Effect: Allow\n  # a list knows no resources\n  Action: s3:ListAllMyBuckets\n  Resource: '*'",
            [],
        ),
        ("- Sid: A\n  Effect: Allow\n  Action: s3:ListAllMyBuckets\n  Resource: '*' # knows no resources", []),
        # the comment belongs to what follows
        (
            "- Sid: A\n  Effect: Allow\n  Action: s3:GetObject\n  Resource: '*'\n# the next one\n"
            "- {Sid: B, Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/k'}",
            ["Role.A is for *"],
        ),
        ("- {Sid: A, Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${Bucket.Arn}/*'}", []),
        (
            "- {Sid: A, Effect: Allow, Action: 's3:GetObject', Resource: !Sub 'arn:aws:x:${AWS::Region}:y/*'}",
            ['Role.A is for {"Fn::Sub": "arn:aws:x:${AWS::Region}:y/*"}'],
        ),
        # no reason is good enough
        (
            "- Sid: A\n  Effect: Allow\n  # because\n  Action: '*'\n  Resource: 'arn:aws:s3:::b/k'",
            ["Role.A allows every action of every service"],
        ),
        (
            "- Sid: A\n  Effect: Allow\n  # because\n  NotAction: s3:GetObject\n  Resource: 'arn:aws:s3:::b/k'",
            ["Role.A allows by NotAction: all but a few is more than anybody has read"],
        ),
        (
            "- !If\n  - Yes\n  - {Sid: A, Effect: Allow, Action: 's3:GetObject', Resource: '*'}\n  - !Ref AWS::NoValue",
            ["Role.A is for *"],
        ),
    ],
)
def test_a_star_wants_its_reason(tmp_path: Path, statement: str, said: list[str]) -> None:
    assert said_of(tmp_path, statement) == said


def test_a_resource_that_is_open_to_everybody_is_told(tmp_path: Path) -> None:
    text = """
Resources:
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      PolicyDocument:
        Statement:
          - {Sid: Open, Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "arn:aws:sqs:r:1:q"}
"""
    (wrong, _) = check_policies([template_of(tmp_path, text)])
    assert wrong.well is False
    assert "Policy.Open is for everybody" in wrong.found


def test_policies_that_iam_would_refuse_for_their_length_are_told_with_those_beside_the_role(tmp_path: Path) -> None:
    item = "{Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${Bucket.Arn}/%d'}"
    inside = "\n".join(f"              - {item % number}" for number in range(40))
    template = template_of(tmp_path, ROLE + inside + "\n")
    assert list(size_problems(template)) == []
    beside = f"""
  More:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: more
      Roles: [!Ref Role]
      PolicyDocument: {{Statement: [{", ".join(item % number for number in range(60))}]}}
"""
    (said,) = size_problems(template_of(tmp_path, ROLE + inside + beside))
    assert said.startswith("Role: inline policies have up to 1")


def test_a_template_too_long_for_a_request_is_told_and_one_that_goes_through_s3_is_not(tmp_path: Path) -> None:
    template = template_of(tmp_path, "Resources: {}\n#" + "x" * INLINE_BYTES)
    assert sizes([template], frozenset()).well is True
    finding = sizes([template], frozenset({"template.yaml"}))
    assert finding.well is False
    assert "template.yaml has 51," in finding.found


def test_templates_are_found_except_those_of_hidden_and_built_folders(tmp_path: Path) -> None:
    for place in ("a/template.yml", "b/c/template.yaml", ".venv/template.yaml", "build/template.yaml", "a/other.yaml"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("Resources: {}")
    assert [template.name for template in find_templates(tmp_path)] == ["a/template.yml", "b/c/template.yaml"]


def test_what_sam_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    text = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, CodeUri: ., Handler: app.handler, Events: {Tick: {Type: Nothing}}}
"""
    finding = transformed([template_of(tmp_path, text)])
    assert finding.well is False
    assert "Function" in finding.found


@pytest.mark.parametrize(("name", "text"), [("template.yaml", "Resources: ["), ("pipelines/a.py", "def f(:")])
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    (finding,) = check_sources(tmp_path)
    assert (finding.check, finding.well) == ("Files", False)
