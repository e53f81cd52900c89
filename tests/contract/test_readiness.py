"""This project held against AWS, as `scones doctor --target aws` does it, and the cost table against its page.

cfn-lint is left to `make lint-templates`, which takes its ten seconds once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.deployment.endpoint_safeguards import alarms
from pipelines.readiness import costs
from pipelines.readiness.api_calls import check_calls, operation_of
from pipelines.readiness.checks import INLINE_TEMPLATES
from pipelines.readiness.limits import check_names, judge_definition
from pipelines.readiness.permissions import check_permissions
from pipelines.readiness.policies import check_policies
from pipelines.readiness.source_calls import Call, Source, calls_in, read_sources
from pipelines.readiness.templates import Template, find_templates, sizes, transformed
from pipelines.teardown.plan import stack_names
from pipelines.teardown.serving import ALARM_NAMES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def templates() -> list[Template]:
    return find_templates(ROOT)


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return read_sources(ROOT)


@pytest.fixture(scope="module")
def calls(sources: list[Source]) -> list[Call]:
    return calls_in(sources)


def test_the_templates_are_within_cloudformations_limits_and_sam_takes_them(templates: list[Template]) -> None:
    assert {template.name for template in templates} >= INLINE_TEMPLATES
    for finding in (sizes(templates, INLINE_TEMPLATES), transformed(templates)):
        assert finding.well is True, finding.found


def test_every_policy_names_what_it_allows_or_says_why_not(templates: list[Template]) -> None:
    for finding in check_policies(templates):
        assert finding.well is True, finding.found


def test_every_api_call_of_the_product_is_one_that_botocore_takes(calls: list[Call]) -> None:
    finding = check_calls(calls)
    assert finding.well is True, finding.found
    made = {(call.service, operation.name) for call in calls if (operation := operation_of(call))}
    # one of each service that the product speaks to: the reading of sources has not gone blind
    assert made >= {
        ("sagemaker", "StartPipelineExecution"),
        ("sagemaker-runtime", "InvokeEndpoint"),
        ("s3", "PutObject"),
        ("cloudformation", "CreateStack"),
        ("cloudwatch", "PutMetricAlarm"),
        ("application-autoscaling", "RegisterScalableTarget"),
        ("events", "PutEvents"),
        ("sqs", "ReceiveMessage"),
        ("stepfunctions", "StartExecution"),
        ("ssm", "GetParameter"),
        ("sts", "GetCallerIdentity"),
    }


def test_every_function_and_build_may_do_what_its_code_does(
    templates: list[Template], sources: list[Source], calls: list[Call]
) -> None:
    found = list(check_permissions(templates, sources, calls))
    assert len(found) >= 7
    for finding in found:
        assert finding.well is True, f"{finding.check}: {finding.found}"


@pytest.mark.parametrize("name", ["training_pipeline", "deployment_pipeline"])
def test_the_definitions_are_within_the_services_limits(name: str) -> None:
    golden = (ROOT / "tests" / "golden" / f"{name}.json").read_text(encoding="utf-8")
    # the golden copy has the code's digests taken out
    finding = judge_definition(name, golden.replace("<sha256>", "0" * 64))
    assert finding.well is True, finding.found


def test_the_names_are_ones_that_the_services_take() -> None:
    finding = check_names(stack_names())
    assert finding.well is True, finding.found


def test_teardown_knows_every_alarm_that_a_deployment_makes() -> None:
    """The names in alarms.py, read from what it asks CloudWatch for."""
    from dataclasses import fields
    from types import SimpleNamespace

    from pipelines.deployment.endpoint_safeguards.request import Deployment

    values = {field.name: "x" if field.type == "str" else 1 for field in fields(Deployment)}
    wanted = SimpleNamespace(**{**values, "endpoint_name": "here"})
    made = [*alarms.standing_alarms(wanted), *alarms.update_alarms(wanted, "config")]  # type: ignore[arg-type]
    assert {one["AlarmName"] for one in made} == {form.format("here") for form in ALARM_NAMES}


def test_the_page_of_costs_has_the_table_that_the_module_prints() -> None:
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    assert costs.table() in page, "run `python -m pipelines.readiness.costs` and put its table into docs/costs.md"


def test_the_costs_are_of_the_projects_own_defaults(templates: list[Template]) -> None:
    from model_monitor.job_definition import Resources
    from pipelines.training.parameters import INFERENCE_INSTANCE_TYPE

    assert costs.SERVING_TYPE == INFERENCE_INSTANCE_TYPE
    assert Resources().instance_type == costs.MONITOR_TYPE
    (monitor,) = (template for template in templates if template.name == "model_monitor/template.yaml")
    types = [resource["Type"] for resource in monitor.resources.values()]
    alarms_of_metrics = [
        one["Properties"] for one in monitor.resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"
    ]
    counted = [sum("MetricStat" in query for query in one.get("Metrics", [])) or 1 for one in alarms_of_metrics]
    assert sum(counted) == costs.ALARM_METRICS
    assert types.count("AWS::CloudWatch::CompositeAlarm") == costs.COMPOSITE_ALARMS
    assert types.count("AWS::CloudWatch::Dashboard") == costs.DASHBOARDS
    (retraining,) = (template for template in templates if template.name == "pipelines/retraining/template.yaml")
    assert retraining.resources["Build"]["Properties"]["Environment"]["ComputeType"] == costs.BUILD_TYPE


def test_costs_follow_from_prices_and_times() -> None:
    assert costs.endpoint_month() == pytest.approx(0.115 * 730)
    assert costs.endpoint_month(3) == pytest.approx(3 * costs.endpoint_month())
    hourly, daily = costs.monitor_month(24), costs.monitor_month(1)
    assert hourly - daily == pytest.approx(2 * 23 * 30 * 300 / 3600 * 0.115)
    assert costs.workflow(2000) == pytest.approx(2 * costs.workflow(1000))
    assert costs.serverless_month(0) == 0
