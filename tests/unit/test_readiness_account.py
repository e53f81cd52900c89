"""Limits, quotas, linters and what the account is asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from pipelines.readiness.account import check_account
from pipelines.readiness.finding import Finding
from pipelines.readiness.limits import check_packages, judge_definition, name_problems
from pipelines.readiness.linters import cfn_lint, sam_validate
from pipelines.readiness.quotas import Quota, applied, needed_quotas
from pipelines.readiness.templates import read_template
from pipelines.session import TargetNotConfigured
from pipelines.training.algorithms import IMAGE_CLASSIFICATION, PYTORCH_GPU

QUOTA = Quota("ml.m5.large for endpoint usage", 2, "serving")


def refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Account:
    """An AWS account: as much of it as is asked for, with the answers of the services."""

    name, region, bucket = "aws", "eu-west-1", "artifacts"
    role_arn = "arn:aws:iam::111122223333:role/pipeline"

    def __init__(self) -> None:
        self.caller, self.location = "111122223333", "eu-west-1"
        self.blocked: dict[str, bool] | None = {"BlockPublicAcls": True, "BlockPublicPolicy": True}
        self.trusted = "sagemaker.amazonaws.com"
        self.refuses: dict[str, Exception] = {}
        self.quotas = {QUOTA.name: 4.0}

    def client(self, service: str) -> Any:
        return self

    def _answer(self, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        if operation in self.refuses:
            raise self.refuses[operation]
        return answer

    def get_caller_identity(self) -> dict[str, Any]:
        arn = f"arn:aws:sts::{self.caller}:assumed-role/Dev/me"
        return self._answer("GetCallerIdentity", {"Account": self.caller, "Arn": arn})

    def head_bucket(self, Bucket: str) -> dict[str, Any]:
        return self._answer("HeadBucket", {})

    def get_bucket_location(self, Bucket: str) -> dict[str, Any]:
        return {"LocationConstraint": self.location}

    def get_public_access_block(self, Bucket: str) -> dict[str, Any]:
        if self.blocked is None:
            raise refused("NoSuchPublicAccessBlockConfiguration", "GetPublicAccessBlock")
        return {"PublicAccessBlockConfiguration": self.blocked}

    def get_role(self, RoleName: str) -> dict[str, Any]:
        trust = {"Statement": [{"Principal": {"Service": self.trusted}}]}
        return self._answer("GetRole", {"Role": {"AssumeRolePolicyDocument": trust}})

    def get_paginator(self, operation: str) -> Any:
        return self

    def paginate(self, ServiceCode: str) -> list[dict[str, Any]]:
        named = [{"QuotaName": name, "QuotaCode": "L-1", "Value": value} for name, value in self.quotas.items()]
        return [{"Quotas": []}, self._answer("ListServiceQuotas", {"Quotas": named})]


def asked(account: Account) -> dict[str, Finding]:
    return {one.check.partition(" ")[0]: one for one in check_account([QUOTA], lambda: account)}  # type: ignore[arg-type,return-value]


def test_an_account_in_order_is_well() -> None:
    assert {check: finding.well for check, finding in asked(Account()).items()} == dict.fromkeys(
        ("AWS", "Bucket", "Role", "Quota"), True
    )


def test_without_settings_or_credentials_nothing_is_called_well_and_the_quotas_are_listed() -> None:
    def unset() -> Any:
        raise TargetNotConfigured("target aws is not configured: set AWS_REGION")

    account = Account()
    account.refuses["GetCallerIdentity"] = NoCredentialsError()
    for found in (list(check_account([QUOTA], unset)), list(asked(account).values())):
        assert [one.well for one in found] == [None, None]
        assert "L-614B09FD" in found[1].check
        assert found[1].found.startswith("2 needed")


@pytest.mark.parametrize(
    ("change", "check", "well", "said"),
    [
        ({"caller": "444455556666"}, "AWS", False, "credentials are of 444455556666"),
        ({"location": None}, "Bucket", False, "it is in us-east-1, not in eu-west-1"),
        ({"blocked": None}, "Bucket", False, "public access is not blocked"),
        ({"blocked": {"BlockPublicAcls": False}}, "Bucket", False, "public access is not blocked"),
        ({"refuses": {"HeadBucket": refused("404", "HeadBucket")}}, "Bucket", False, "HeadBucket"),
        ({"refuses": {"HeadBucket": refused("403", "HeadBucket")}}, "Bucket", None, "HeadBucket"),
        ({"trusted": "lambda.amazonaws.com"}, "Role", False, "may not take it"),
        ({"refuses": {"GetRole": refused("NoSuchEntity", "GetRole")}}, "Role", False, "GetRole"),
        ({"refuses": {"GetRole": refused("AccessDenied", "GetRole")}}, "Role", None, "GetRole"),
        ({"quotas": {QUOTA.name: 1.0}}, "Quota", False, "1, 2 needed"),
        ({"quotas": {}}, "Quota", None, "lists no such quota"),
        ({"refuses": {"ListServiceQuotas": refused("AccessDenied", "L")}}, "Quotas", None, "refused"),
    ],
)
def test_what_is_wrong_is_told_and_what_cannot_be_asked_is_neither(
    change: dict[str, Any], check: str, well: bool | None, said: str
) -> None:
    account = Account()
    for name, value in change.items():
        setattr(account, name, value)
    finding = asked(account)[check]
    assert finding.well is well
    assert said in finding.found


def test_a_quota_that_is_too_small_comes_with_the_request_to_make() -> None:
    account = Account()
    account.quotas = {QUOTA.name: 0.0}
    assert "--quota-code L-1 --desired-value 2" in asked(account)["Quota"].remedy


def test_a_quota_that_only_another_algorithm_needs_is_told_of_and_fails_nothing() -> None:
    account = Account()
    account.quotas = {QUOTA.name: 0.0}
    (found,) = applied(account, [replace(QUOTA, optional=True)])
    assert found.well is None and "--desired-value 2" in found.remedy


def test_quotas_are_those_of_the_defaults() -> None:
    def definition(**defaults: Any) -> str:
        return json.dumps({"Parameters": [{"Name": key, "DefaultValue": value} for key, value in defaults.items()]})

    training = definition(
        ProcessingInstanceType="ml.m5.large",
        ProcessingInstanceCount=1,
        TrainingInstanceType="ml.c5.xlarge",
        InferenceInstanceType="ml.m5.large",
    )
    deployment = definition(InferenceInstanceType="ml.m5.large", MaxCapacity=3)
    others = (PYTORCH_GPU, IMAGE_CLASSIFICATION)
    quotas = needed_quotas(training, deployment, "ml.m5.large", others)
    asked_for = [quota for quota in quotas if quota.optional]
    assert [quota.name for quota in asked_for] == ["ml.g4dn.xlarge for training job usage"]
    assert asked_for[0].purpose == "only with pytorch-gpu or image-classification"
    wanted = {quota.name: quota.needed for quota in quotas if not quota.optional}
    assert wanted == {
        "ml.m5.large for processing job usage": 4,
        "ml.c5.xlarge for training job usage": 1,
        "ml.m5.large for transform job usage": 1,
        "ml.m5.large for endpoint usage": 6,
    }


def definition_of(steps: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": steps})


def test_a_definition_with_too_many_steps_or_too_much_metadata_is_told() -> None:
    fail = [{"Name": f"F{number}", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}} for number in range(51)]
    assert "there are 51, at most 50" in judge_definition("P", definition_of(fail)).found
    metadata = {f"k{number}": "v" for number in range(51)}
    register = {"Name": "R", "Type": "RegisterModel", "Arguments": {"CustomerMetadataProperties": metadata}}
    finding = judge_definition("P", definition_of([register]))
    assert finding.well is False
    assert "R has 51 metadata properties of at most 50" in finding.found


def test_a_definition_over_100_kb_goes_through_s3() -> None:
    fail = {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x" * 110_000}}
    assert "sent through S3" in judge_definition("P", definition_of([fail])).found
    assert (
        "sent in the request"
        in judge_definition("P", definition_of([{**fail, "Arguments": {"ErrorMessage": "x"}}])).found
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scones", []),
        ("n" * 64, ["EndpointName " + "n" * 64 + " has 64 characters of at most 63"]),
        ("under_score", ["EndpointName under_score does not match"]),
    ],
)
def test_names_are_held_against_the_services_model(name: str, said: list[str]) -> None:
    found = list(name_problems("sagemaker", "CreateEndpoint", "EndpointName", name))
    assert all(one.startswith(wanted) for one, wanted in zip(found, said, strict=False))
    assert bool(found) is bool(said)


def test_a_function_that_lambda_would_not_take_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("x = 1\n" * 1000)
    assert check_packages({"app": tmp_path}).well is True
    monkeypatch.setattr("pipelines.readiness.limits.ZIPPED_BYTES", 10)
    assert check_packages({"app": tmp_path}).well is False


def linted(folder: Path, code: int, output: str, sam: bool = False) -> tuple[Finding, list[Sequence[str]]]:
    path = folder / "template.yaml"
    path.write_text("Transform: AWS::Serverless-2016-10-31\nResources: {}")
    program = folder / ".venv-tools" / "bin" / "cfn-lint"
    program.parent.mkdir(parents=True)
    program.touch()
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> tuple[int, str]:
        commands.append(command)
        return code, output

    if sam:
        return sam_validate([read_template(path)], "sam", run), commands
    return cfn_lint([read_template(path)], folder, run), commands


def test_cfn_lints_matches_are_told_with_rule_and_line(tmp_path: Path) -> None:
    match = {"Rule": {"Id": "E3002"}, "Filename": "t.yaml", "Location": {"Start": {"LineNumber": 7}}, "Message": "bad"}
    finding, commands = linted(tmp_path, 2, json.dumps([match]))
    assert (finding.well, finding.found) == (False, "E3002 t.yaml:7: bad")
    assert commands[0][-1].endswith("template.yaml")


def test_cfn_lint_is_asked_for_what_it_leaves_out_too(tmp_path: Path) -> None:
    """As `make lint-templates` asks it."""
    _, (command,) = linted(tmp_path, 0, "[]")
    asked = list(command)
    made = (Path(__file__).resolve().parents[2] / "Makefile").read_text(encoding="utf-8")
    flags = " ".join(asked[asked.index("--include-checks") : asked.index("--")])
    assert flags == "--include-checks I3510" and f"cfn-lint {flags} --" in made


def test_a_linter_that_fails_without_matches_has_not_passed(tmp_path: Path) -> None:
    assert linted(tmp_path, 1, "Traceback: no")[0].well is False


def test_sam_validates_with_lint(tmp_path: Path) -> None:
    finding, commands = linted(tmp_path, 1, "\n[[E1001]] wrong\n", sam=True)
    assert (finding.well, finding.found) == (False, "template.yaml: [[E1001]] wrong")
    assert list(commands[0][:3]) == ["sam", "validate", "--lint"]


def test_linters_that_are_not_there_are_told_as_unchecked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cfn_lint([], tmp_path).well is None
    assert sam_validate([]).well is None
