"""The SAM transform: what it makes of a template, what it refuses, and that only its users pay for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_aws.cloudformation.errors import InsufficientCapabilities, ValidationError
from local_aws.cloudformation.plan import check_transforms
from local_aws.cloudformation.sam import SAM, transform, transforms_of
from local_aws.cloudformation.template import load_document

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Layer: {Type: String, Default: ""}
Conditions:
  HasLayer: !Not [!Equals [!Ref Layer, ""]]
Globals:
  Function:
    Runtime: python3.12
    CodeUri: s3://code/functions.zip
    Layers: !If [HasLayer, [!Ref Layer], !Ref "AWS::NoValue"]
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Policies: [AmazonSQSReadOnlyAccess]
      Events:
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: {Bucket: code, Key: machine.json, Version: v1}
      DefinitionSubstitutions: {WorkerArn: !GetAtt Worker.Arn}
      Role: !GetAtt WorkerRole.Arn
  Plain:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
"""


def machine(uri: Any) -> dict[str, Any]:
    return {
        "Transform": SAM,
        "Resources": {
            "M": {
                "Type": "AWS::Serverless::StateMachine",
                "Properties": {"DefinitionUri": uri, "Role": "arn:aws:iam::1:role/r"},
            }
        },
    }


def function(**properties: Any) -> dict[str, Any]:
    given = {"Runtime": "python3.12", "Handler": "a.b", "CodeUri": "s3://code/a.zip", **properties}
    return {"Transform": SAM, "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": given}}}


def test_functions_and_state_machines_become_what_cloudformation_knows():
    document = load_document(TEMPLATE)
    made = transform(document, {"Layer": ""}, REGION)
    assert "Transform" not in made and "Globals" not in made
    assert {name: one["Type"] for name, one in made["Resources"].items()} == {
        "Worker": "AWS::Lambda::Function",
        "WorkerRole": "AWS::IAM::Role",
        "WorkerNightly": "AWS::Events::Rule",
        "WorkerNightlyPermission": "AWS::Lambda::Permission",
        "Machine": "AWS::StepFunctions::StateMachine",
        "Plain": "AWS::SQS::Queue",
    }
    worker = made["Resources"]["Worker"]["Properties"]
    assert worker["Code"] == {"S3Bucket": "code", "S3Key": "functions.zip"}
    assert worker["Layers"] == {"Fn::If": ["HasLayer", [{"Ref": "Layer"}], {"Ref": "AWS::NoValue"}]}
    place = made["Resources"]["Machine"]["Properties"]["DefinitionS3Location"]
    assert place == {"Bucket": "code", "Key": "machine.json", "Version": "v1"}
    assert made["Resources"]["Machine"]["Properties"]["DefinitionSubstitutions"] == {
        "WorkerArn": {"Fn::GetAtt": ["Worker", "Arn"]}
    }
    assert (
        "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
        in made["Resources"]["WorkerRole"]["Properties"]["ManagedPolicyArns"]
    )
    assert made["Resources"]["Plain"]["DeletionPolicy"] == "Retain"
    assert document == load_document(TEMPLATE), "what was given is left as it was"


def test_an_s3_address_may_be_a_text():
    made = transform(machine("s3://code/deep/machine.json?versionId=7"), {}, REGION)
    place = made["Resources"]["M"]["Properties"]["DefinitionS3Location"]
    assert place == {"Bucket": "code", "Key": "deep/machine.json", "Version": "7"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (machine("machine.asl.json"), r"failed with: .*Resource with id \[M\] is invalid\. .*package it first"),
        (function(CodeUri="."), r"Resource with id \[F\] is invalid\. .*package it first"),
        (function(Colour="red"), r"Number of errors found: 1\. Resource with id \[F\] is invalid\. .*Colour"),
        (function(Policies=["NoSuchPolicy"]), "names a managed policy that SAM does not know"),
        (
            {"Transform": SAM, "Resources": {"A": {"Type": "AWS::Serverless::Application", "Properties": {}}}},
            "Resource A: the type AWS::Serverless::Application is not supported",
        ),
        ({"Transform": SAM, "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": 5}}}, r"\[F\]"),
    ],
)
def test_what_cannot_be_transformed_is_told_in_one_line(document: dict[str, Any], told: str):
    with pytest.raises(ValidationError, match=told) as refused:
        transform(document, {}, REGION)
    assert "\n" not in refused.value.message


def test_no_other_transform_is_carried_out_and_this_one_is_acknowledged():
    assert transforms_of({"Transform": [SAM]}) == transforms_of({"Transform": SAM}) == [SAM]
    assert transforms_of({}) == []
    with pytest.raises(ValidationError, match="The transform AWS::LanguageExtensions is not supported"):
        transforms_of({"Transform": [SAM, "AWS::LanguageExtensions"]})
    with pytest.raises(InsufficientCapabilities, match="CAPABILITY_AUTO_EXPAND"):
        check_transforms([SAM], ["CAPABILITY_NAMED_IAM"])
    check_transforms([SAM], ["CAPABILITY_AUTO_EXPAND"])
    check_transforms([], [])


def test_the_library_is_imported_when_a_template_asks_for_it():
    program = "import sys, local_aws.cloudformation.wire as _; print('samtranslator' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
