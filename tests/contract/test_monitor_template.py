"""The monitor's template: an alarm per feature, one over all of them, a dashboard, and a role that allows no more than
what the function calls."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from local_aws.cloudformation.resources import RESOURCE_TYPES
from local_aws.cloudwatch.alarm_rules import parse as parse_rule
from local_aws.cloudwatch.expressions import parse as parse_expression
from model_monitor.names import DATA_QUALITY, MODEL_QUALITY, on_demand_name, schedule_name
from model_monitor.record_preprocessor import FEATURES
from model_monitor.request_retraining import app
from model_monitor.stack import FUNCTION_FOLDER, OWN_PARAMETERS, TEMPLATE, monitor_stack_name
from pipelines import names

ROOT = Path(__file__).resolve().parents[2]
LARGEST_BODY = 51_200  # of TemplateBody
MOST_METRICS_OF_AN_ALARM = 10
DATA_METRICS, MODEL_METRICS = "aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"
# what Lambda does in the function's name, and what tells a missing object from a forbidden one
BY_SERVICES = {"logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket"}
STANDS_ON = {
    "__future__",
    "boto3",
    "botocore",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "json",
    "os",
    "typing",
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: !Sub x is {"Fn::Sub": x}."""


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    return {name: loader.construct_sequence(node, deep=True)}


Loader.add_multi_constructor("!", _short_form)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)  # noqa: S506
    return loaded


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in template["Resources"].items()}


def defaults(template: dict[str, Any]) -> dict[str, str]:
    return {name: str(one["Default"]) for name, one in template["Parameters"].items() if "Default" in one}


def filled(template: dict[str, Any], text: str) -> str:
    """A Sub with the parameters' defaults, and something in the place of the rest."""
    values = defaults(template)
    return re.sub(r"\$\{([^}]+)\}", lambda found: values.get(found[1], found[1].replace("::", "-")), text)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def feature_alarms(resources: dict[str, Any]) -> dict[str, str]:
    """Feature -> logical id of its alarm."""
    names_ = {name: one.get("AlarmName", {}).get("Fn::Sub", "") for name, one in resources.items()}
    prefix = "${EndpointName}-drift-"
    return {alarm.removeprefix(prefix): name for name, alarm in names_.items() if alarm.startswith(prefix)}


def test_every_feature_of_the_preprocessor_has_its_alarm(resources):
    alarms = feature_alarms(resources)
    assert tuple(alarms) == FEATURES
    for feature, name in alarms.items():
        queries = {query["Id"]: query for query in resources[name]["Metrics"]}
        metrics = [query["MetricStat"]["Metric"] for query in queries.values() if "MetricStat" in query]
        assert {one["MetricName"] for one in metrics} == {f"feature_baseline_drift_{feature}"}
        assert {one["Namespace"] for one in metrics} == {DATA_METRICS}
        schedules = [one["Dimensions"][1] for one in metrics]
        assert schedules == [
            {"Name": "MonitoringSchedule", "Value": {"Ref": "DataQualitySchedule"}},
            {"Name": "MonitoringSchedule", "Value": {"Ref": "DataQualityScheduleNow"}},
        ]
        assert all(one["Dimensions"][0] == {"Name": "Endpoint", "Value": {"Ref": "EndpointName"}} for one in metrics)
        assert resources[name]["Threshold"] == {"Ref": "DriftThreshold"}
        # people and the retraining hear of the one alarm over all of them
        assert not {"AlarmActions", "OKActions"} & set(resources[name])


def test_the_one_drift_alarm_is_over_all_of_them(template, resources):
    rule = parse_rule(resources["DriftAlarm"]["AlarmRule"]["Fn::Sub"])
    assert list(rule.names()) == [f"${{{name}}}" for name in feature_alarms(resources).values()]
    assert {part.kind for part in rule.parts} == {"ALARM"} and rule.kind == "OR"


def test_the_dashboard_shows_every_feature_and_every_threshold(template, resources):
    body = json.loads(filled(template, resources["Dashboard"]["DashboardBody"]["Fn::Sub"]))
    graphs = {one["properties"]["title"]: one["properties"] for one in body["widgets"] if one["type"] == "metric"}
    for title in ("Drift by feature, hourly", "Drift by feature, on demand"):
        shown = [one[1].removeprefix("feature_baseline_drift_") for one in graphs[title]["metrics"]]
        assert tuple(shown) == FEATURES
        assert graphs[title]["annotations"]["horizontal"][0]["value"] == float(defaults(template)["DriftThreshold"])
    assert graphs["Model quality"]["annotations"]["horizontal"][0]["value"] == float(defaults(template)["AccuracyBar"])
    (share,) = (graph for title, graph in graphs.items() if "not sure" in title)
    assert share["annotations"]["horizontal"][0]["value"] == float(defaults(template)["LowConfidencePercent"])
    parse_expression(share["metrics"][0][0]["expression"])
    occupied = [
        (x, y)
        for one in body["widgets"]
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(set(occupied)) == len(occupied) and max(x for x, _ in occupied) < 24
    (alarms,) = (one["properties"]["alarms"] for one in body["widgets"] if one["type"] == "alarm")
    assert len(alarms) == 6


def test_the_dashboards_short_forms_mean_what_they_shall(template, resources):
    """ "." is the same as in the line above, "..." all of it up to the last ones given."""
    body = json.loads(filled(template, resources["Dashboard"]["DashboardBody"]["Fn::Sub"]))
    endpoint = defaults(template)["EndpointName"]
    for graph in (one["properties"] for one in body["widgets"] if one["type"] == "metric"):
        above: list[Any] = []
        for metric in graph["metrics"]:
            line = [part for part in metric if not isinstance(part, dict)]
            if not line:
                continue
            if line[0] == "...":
                line = [*above[: len(above) - len(line) + 1], *line[1:]]
            else:
                line = [above[place] if part == "." else part for place, part in enumerate(line)]
            assert len(line) % 2 == 0 and all(isinstance(part, str) for part in line), (graph["title"], metric)
            dimensions = dict(zip(line[2::2], line[3::2], strict=True))
            assert set(dimensions) in (
                *({"Endpoint", "MonitoringSchedule"}, {"service", "state_machine"}),
                *({"EndpointName", "VariantName"}, {"StateMachineArn"}, {"Endpoint"}),
            )
            assert dimensions.get("Endpoint", endpoint) == endpoint
            above = line


def test_every_expression_and_every_alarm_keeps_cloudwatchs_limits(template, resources):
    for name, alarm in resources.items():
        if template["Resources"][name]["Type"] != "AWS::CloudWatch::Alarm" or "Metrics" not in alarm:
            continue
        metrics = [query for query in alarm["Metrics"] if "MetricStat" in query]
        assert len(metrics) <= MOST_METRICS_OF_AN_ALARM
        assert len({query["MetricStat"]["Period"] for query in metrics}) == 1
        assert [query.get("ReturnData", True) for query in alarm["Metrics"]].count(True) == 1
        ids = {query["Id"] for query in alarm["Metrics"]}
        for query in alarm["Metrics"]:
            if "Expression" in query:
                text = query["Expression"]
                tree = parse_expression(filled(template, text["Fn::Sub"] if isinstance(text, dict) else text))
                assert set(tree.names()) <= ids


def test_doubts_are_read_where_the_workflow_writes_them(template, resources):
    workflow = yaml.load((ROOT / "inference_workflow" / "template.yaml").read_text(), Loader)  # noqa: S506
    filters = workflow["Resources"]["FilterLowConfidenceFunction"]["Properties"]
    service = filters["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]["Fn::Sub"]
    machines = {
        one["Properties"]["Name"]["Fn::Sub"]
        for one in workflow["Resources"].values()
        if one["Type"] == "AWS::Serverless::StateMachine"
    }
    stats = [one["MetricStat"] for one in resources["LowConfidenceAlarm"]["Metrics"] if "MetricStat" in one]
    for stat in stats:
        assert (stat["Metric"]["Namespace"], stat["Metric"]["MetricName"]) == ("Scones", "LowConfidence")
        written = {one["Name"]: one["Value"]["Fn::Sub"] for one in stat["Metric"]["Dimensions"]}
        ours = {name: value.replace("${WorkflowStackName}", "${WorkflowName}") for name, value in written.items()}
        assert ours["service"] == service and ours["state_machine"] in machines
    assert len(stats) == 4


def test_model_quality_is_accuracy_of_both_schedules(resources):
    metrics = [one["MetricStat"]["Metric"] for one in resources["ModelQualityAlarm"]["Metrics"] if "MetricStat" in one]
    assert {(one["Namespace"], one["MetricName"]) for one in metrics} == {(MODEL_METRICS, "accuracy")}
    assert [one["Dimensions"][1]["Value"]["Ref"] for one in metrics] == [
        "ModelQualitySchedule",
        "ModelQualityScheduleNow",
    ]


def test_the_defaults_are_this_projects_names(template):
    found, endpoint = defaults(template), names.ENDPOINT_NAME
    assert found["EndpointName"] == endpoint
    # read, since importing it takes the SDK
    source = (ROOT / "pipelines" / "deployment" / "endpoint.py").read_text(encoding="utf-8")
    assert f'VARIANT = "{found["VariantName"]}"' in source
    assert found["DataQualitySchedule"] == schedule_name(endpoint, DATA_QUALITY)
    assert found["DataQualityScheduleNow"] == on_demand_name(endpoint, DATA_QUALITY)
    assert found["ModelQualitySchedule"] == schedule_name(endpoint, MODEL_QUALITY)
    assert found["ModelQualityScheduleNow"] == on_demand_name(endpoint, MODEL_QUALITY)
    assert found["WorkflowStackName"] == names.WORKFLOW_STACK_NAME
    assert found["TrainingPipelineName"] == names.PIPELINE_NAME
    assert set(template["Parameters"]) > OWN_PARAMETERS
    assert monitor_stack_name(endpoint) == names.MONITOR_STACK_NAME
    assert monitor_stack_name("other") == f"{names.MONITOR_STACK_NAME}-other"


def test_an_alarm_reaches_the_function_or_is_kept(template, resources):
    rule = resources["AlarmRule"]
    assert rule["EventPattern"]["detail"] == {
        "alarmName": [{"Ref": "DriftAlarm"}, {"Ref": "ModelQualityAlarm"}],
        "state": {"value": ["ALARM"]},
    }
    (target,) = rule["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": "Undelivered.Arn"}}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert resources["FunctionPermission"]["SourceArn"] == {"Fn::GetAtt": "AlarmRule.Arn"}
    (statement,) = resources["UndeliveredPolicy"]["PolicyDocument"]["Statement"]
    rules = [{"Fn::GetAtt": f"{name}.Arn"} for name in ("AlarmRule", "ScheduleRule")]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rules}}


def test_the_schedule_asks_whom_alarms_ask_so_that_the_limits_hold_for_it(template, resources):
    assert (defaults(template)["RetrainingScheduleState"], defaults(template)["RetrainingSchedule"]) == (
        "DISABLED",
        "rate(7 days)",
    )
    rule = resources["ScheduleRule"]
    assert rule["ScheduleExpression"] == {"Ref": "RetrainingSchedule"}
    assert rule["State"] == {"Ref": "RetrainingScheduleState"}
    # the event as it is: no input of the rule's own
    assert rule["Targets"] == resources["AlarmRule"]["Targets"]
    permissions = [one for one in resources.values() if one.get("Action") == "lambda:InvokeFunction"]
    assert [one["SourceArn"] for one in permissions] == [
        {"Fn::GetAtt": f"{name}.Arn"} for name in ("AlarmRule", "ScheduleRule")
    ]


def test_the_handler_and_its_environment_are_there(resources):
    function = resources["Function"]
    assert function["Handler"] == f"{FUNCTION_FOLDER.name}.app.handler" and callable(app.handler)
    values = {name: "7" for name in function["Environment"]["Variables"]}
    assert app.Settings.of(values).limits.daily == 7
    (put,) = (one for one in _statements(resources) if one["Action"] == "events:PutEvents")
    assert put["Condition"] == {"StringEquals": {"events:source": app.SOURCE}}


def _statements(resources: dict[str, Any]) -> list[dict[str, Any]]:
    (policy,) = resources["Role"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


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


def test_the_role_allows_what_the_function_calls_and_nothing_else(resources):
    def action(client: str, method: str) -> str:
        model = botocore.session.get_session().get_service_model(client)
        operation = next(name for name in model.operation_names if name.lower() == method.replace("_", ""))
        return f"{client}:{operation}"

    calls = calls_of_the_function()
    assert len(calls) == 4
    allowed = {one for statement in _statements(resources) for one in _as_list(statement["Action"])}
    assert allowed == BY_SERVICES | {action(*call) for call in calls}


def test_no_client_escapes_that_check():
    clients = {"s3", "events", "sagemaker"}
    for path in FUNCTION_FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in clients:
                assert isinstance(node.value, ast.Name) and node.value.id == "aws", f"{path.name}:{node.lineno}"
            if isinstance(node, ast.Attribute) and node.attr in {"client", "resource"}:
                assert path.name == "aws.py", f"{path.name}:{node.lineno}"


def test_every_wildcard_has_its_reason_beside_it(resources):
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    statements = [
        *_statements(resources),
        *resources["TopicKey"]["KeyPolicy"]["Statement"],
        *resources["TopicPolicy"]["PolicyDocument"]["Statement"],
    ]
    for statement in statements:
        if "*" not in json.dumps([statement["Resource"], statement.get("Condition")]):
            continue
        start = next(number for number, line in enumerate(lines) if line.strip() == f"- Sid: {statement['Sid']}")
        end = next(
            number for number in range(start + 1, len(lines)) if "- Sid:" in lines[number] or not lines[number].strip()
        )
        assert any("# " in line for line in lines[start:end]), statement["Sid"]


def test_the_topic_is_encrypted_and_takes_alarms_of_this_account_alone(resources):
    assert resources["Topic"]["KmsMasterKeyId"] == {"Fn::If": ["MakesKey", {"Ref": "TopicKey"}, {"Ref": "KmsKeyArn"}]}
    encrypt = resources["TopicKey"]["KeyPolicy"]["Statement"][1]
    publish = resources["TopicPolicy"]["PolicyDocument"]["Statement"][0]
    for statement in (encrypt, publish):
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_there_are_only_types_that_the_local_aws_makes_too(template):
    assert {one["Type"] for one in template["Resources"].values()} <= set(RESOURCE_TYPES)


def test_the_template_fits_into_a_request():
    assert len(TEMPLATE.read_bytes()) <= LARGEST_BODY


def test_the_function_stands_alone():
    for path in FUNCTION_FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [str(node.module)]
            for module in modules:
                assert module.partition(".")[0] in STANDS_ON, f"{path.name} imports {module}"
