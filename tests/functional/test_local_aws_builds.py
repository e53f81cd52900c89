"""CodeBuild on the running local AWS: as boto3 sees it, by events, in stacks, on the console, over a restart."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psutil
import pytest
import requests

from tests.unit.local_aws_builds_service import ENVIRONMENT, NO_ARTIFACTS, ROLE, commands, spec, zipped
from tests.waiting import PATIENCE_SECONDS, SLOW_PATIENCE_SECONDS, wait_until

JUNIT = """<testsuite name="unit"><testcase name="good &lt;b&gt;"/>
<testcase name="bad"><failure message="no"/></testcase></testsuite>"""


class CodeBuild:
    """Projects by names of their own."""

    def __init__(self, server: Any) -> None:
        self.server, self.api = server, server.client("codebuild")
        self.id = uuid.uuid4().hex[:8]

    def project(self, what: str, buildspec: str, **settings: Any) -> str:
        name = f"{what}-{self.id}"
        source = {"type": "NO_SOURCE", "buildspec": buildspec}
        given = {"source": source, "artifacts": NO_ARTIFACTS, "environment": ENVIRONMENT, "serviceRole": ROLE}
        self.api.create_project(name=name, **{**given, **settings})
        return name

    def start(self, project: str, **overrides: Any) -> str:
        return str(self.api.start_build(projectName=project, **overrides)["build"]["id"])

    def build(self, build_id: str) -> dict[str, Any]:
        (found,) = self.api.batch_get_builds(ids=[build_id])["builds"]
        return dict(found)

    def ended(self, build_id: str) -> dict[str, Any]:
        wait_until(lambda: self.build(build_id)["buildComplete"], f"{build_id} to end")
        return self.build(build_id)

    def log(self, build: dict[str, Any]) -> list[str]:
        logs = build["logs"]
        found = self.server.client("logs").get_log_events(
            logGroupName=logs["groupName"], logStreamName=logs["streamName"], startFromHead=True
        )
        return [event["message"] for event in found["events"]]


@pytest.fixture
def codebuild(local_aws: Any) -> CodeBuild:
    return CodeBuild(local_aws)


def test_a_build_of_a_source_in_s3_speaks_to_this_server_and_leaves_artifacts_and_reports(
    codebuild: CodeBuild, local_aws: Any
) -> None:
    s3, id_ = local_aws.client("s3"), codebuild.id
    local_aws.client("ssm").put_parameter(Name=f"/{id_}/token", Value="hunter2-token", Type="SecureString")
    secret = json.dumps({"password": "open-sesame"})
    local_aws.client("secretsmanager").create_secret(Name=f"secret-{id_}", SecretString=secret)
    buildspec = spec(
        env={
            "parameter-store": {"TOKEN": f"/{id_}/token"},
            "secrets-manager": {"PASSWORD": f"secret-{id_}:password"},
            "exported-variables": ["BUCKETS"],
        },
        phases={
            "build": {
                "commands": [
                    'echo "$TOKEN $PASSWORD"; test "$TOKEN $PASSWORD" = "hunter2-token open-sesame"',
                    "BUCKETS=$(python count.py); mkdir out; cp junit.xml out",
                ]
            }
        },
        reports={"unit": {"files": ["junit.xml"]}},
        artifacts={"files": ["**/*"], "base-directory": "out"},
    )
    script = 'import boto3; print(len(boto3.client("s3").list_buckets()["Buckets"]) > 0)'
    content = zipped(**{"buildspec.yml": buildspec, "count.py": script, "junit.xml": JUNIT})
    s3.put_object(Bucket=local_aws.bucket, Key=f"{id_}/source.zip", Body=content)
    project = codebuild.project(
        "speaks",
        "",
        source={"type": "S3", "location": f"{local_aws.bucket}/{id_}/source.zip"},
        artifacts={"type": "S3", "location": local_aws.bucket, "path": id_, "name": "made"},
    )
    build = codebuild.ended(codebuild.start(project))
    lines = codebuild.log(build)
    assert build["buildStatus"] == "SUCCEEDED", lines
    assert build["exportedEnvironmentVariables"] == [{"name": "BUCKETS", "value": "True"}]
    assert "*** ***" in lines and not [line for line in lines if "hunter2" in line or "sesame" in line]
    assert s3.get_object(Bucket=local_aws.bucket, Key=f"{id_}/made/junit.xml")["Body"].read().decode() == JUNIT
    (report,) = codebuild.api.batch_get_reports(reportArns=build["reportArns"])["reports"]
    assert report["status"] == "FAILED" and report["testSummary"]["total"] == 2
    _the_console_shows(local_aws.url, build)


def _the_console_shows(url: str, build: dict[str, Any]) -> None:
    project, _, number = build["id"].partition(":")
    pages = {
        "list": f"{url}/_console/builds?project={project}",
        "build": f"{url}/_console/builds/{project}/{number}",
        "report": f"{url}/_console/reports?arn={build['reportArns'][0]}",
    }
    found = {name: requests.get(address, timeout=PATIENCE_SECONDS) for name, address in pages.items()}
    assert {answer.status_code for answer in found.values()} == {200}
    assert (
        f"{project} 1" in found["list"].text
        and "1 of 2<span" in found["list"].text
        and "1 of 2 passed" in found["build"].text
    )
    assert "Upload artifacts" in found["build"].text and "BUCKETS" in found["build"].text
    assert "/_console/logs/streams?group=/aws/codebuild/" in found["build"].text.replace("%2F", "/")
    assert "good &lt;b&gt;" in found["report"].text and "Failed" in found["report"].text
    assert requests.get(build["logs"]["deepLink"], timeout=PATIENCE_SECONDS).status_code == 200
    assert requests.get(f"{url}/_console/builds/{project}/none", timeout=PATIENCE_SECONDS).status_code == 404


def _overview(url: str) -> str:
    return requests.get(f"{url}/_console/", timeout=PATIENCE_SECONDS).text


def test_an_event_starts_a_build_whose_end_is_an_event(codebuild: CodeBuild, local_aws: Any) -> None:
    events, sqs = local_aws.client("events"), local_aws.client("sqs")
    project = codebuild.project("retrain", commands(build=['echo "$REASON"; test "$REASON" = drift']))
    arn = codebuild.api.batch_get_projects(names=[project])["projects"][0]["arn"]
    source, done = f"monitor.{codebuild.id}", f"done-{codebuild.id}"
    queue = sqs.create_queue(QueueName=done)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": queue_arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    template = '{"environmentVariablesOverride": [{"name": "REASON", "type": "PLAINTEXT", "value": "<reason>"}]}'
    transformer = {"InputPathsMap": {"reason": "$.detail.reason"}, "InputTemplate": template}
    target = {"Id": "build", "Arn": arn, "InputTransformer": transformer}
    events.put_rule(Name=f"drift-{codebuild.id}", EventPattern=json.dumps({"source": [source]}))
    with pytest.raises(events.exceptions.ClientError, match="RoleArn is required"):
        events.put_targets(Rule=f"drift-{codebuild.id}", Targets=[target])
    events.put_targets(Rule=f"drift-{codebuild.id}", Targets=[{**target, "RoleArn": ROLE}])
    ended = {"source": ["aws.codebuild"], "detail": {"project-name": [project], "build-status": ["SUCCEEDED"]}}
    events.put_rule(Name=done, EventPattern=json.dumps(ended))
    events.put_targets(Rule=done, Targets=[{"Id": "queue", "Arn": queue_arn}])
    detail = json.dumps({"reason": "drift"})
    events.put_events(Entries=[{"Source": source, "DetailType": "Retraining Requested", "Detail": detail}])
    message = wait_until(
        lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5).get("Messages"), "the build's event"
    )[0]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "CodeBuild Build State Change"
    (build_id,) = codebuild.api.list_builds_for_project(projectName=project)["ids"]
    build = codebuild.build(build_id)
    assert event["resources"] == [build["arn"]] and build["initiator"] == f"rule/drift-{codebuild.id}"
    assert event["detail"]["additional-information"]["build-number"] == 1.0


def test_a_stack_has_a_project(codebuild: CodeBuild, local_aws: Any) -> None:
    cloudformation, name = local_aws.client("cloudformation"), f"stack-{codebuild.id}"

    def project(**changes: Any) -> str:
        properties = {
            "Name": f"made-{codebuild.id}",
            "ServiceRole": ROLE,
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Environment": {
                **{"Type": "LINUX_CONTAINER", "Image": "aws/codebuild/standard:7.0", "PrivilegedMode": "true"},
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "EnvironmentVariables": [{"Name": "A", "Value": 7, "Type": "PLAINTEXT"}],
            },
            "Source": {"Type": "NO_SOURCE", "BuildSpec": commands(build=["test $A = 7"])},
            "VpcConfig": {"VpcId": "vpc-1", "Subnets": ["s-1"], "SecurityGroupIds": ["g-1"]},
            "Tags": [{"Key": "team", "Value": "a"}],
            **changes,
        }
        group = {"Type": "TEST", "ExportConfig": {"ExportConfigType": "NO_EXPORT"}}
        resources = {
            "Project": {"Type": "AWS::CodeBuild::Project", "Properties": properties},
            "Group": {"Type": "AWS::CodeBuild::ReportGroup", "Properties": group},
        }
        outputs = {"Arn": {"Value": {"Fn::GetAtt": "Project.Arn"}}, "Group": {"Value": {"Ref": "Group"}}}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def settled() -> dict[str, Any]:
        wait_until(
            lambda: "IN_PROGRESS" not in cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
            f"{name} to settle",
        )
        return dict(cloudformation.describe_stacks(StackName=name)["Stacks"][0])

    cloudformation.create_stack(StackName=name, TemplateBody=project(TimeoutInMinutes="30"))
    stack = settled()
    assert stack["StackStatus"] == "CREATE_COMPLETE", cloudformation.describe_stack_events(StackName=name)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    (found,) = codebuild.api.batch_get_projects(names=[outputs["Arn"]])["projects"]
    assert (found["timeoutInMinutes"], found["tags"]) == (30, [{"key": "team", "value": "a"}])
    (group,) = codebuild.api.batch_get_report_groups(reportGroupArns=[outputs["Group"]])["reportGroups"]
    assert group["type"] == "TEST"
    (resource,) = cloudformation.describe_stack_resources(StackName=name, LogicalResourceId="Project")["StackResources"]
    reason = resource["ResourceStatusReason"]
    assert "VpcConfig" in reason and "Environment.Image" in reason and "EnvironmentVariables" not in reason
    assert codebuild.ended(codebuild.start(found["name"]))["buildStatus"] == "SUCCEEDED"
    cloudformation.update_stack(StackName=name, TemplateBody=project(Description="second"))
    assert settled()["StackStatus"] == "UPDATE_COMPLETE"
    (changed,) = codebuild.api.batch_get_projects(names=[found["name"]])["projects"]
    assert (changed["description"], changed["timeoutInMinutes"], changed["created"]) == ("second", 60, found["created"])
    cloudformation.delete_stack(StackName=name)
    wait_until(
        lambda: codebuild.api.batch_get_projects(names=[found["name"]])["projectsNotFound"], "the project to be deleted"
    )


def test_a_log_is_read_while_the_build_runs_and_stopping_ends_its_processes(
    codebuild: CodeBuild, local_aws: Any
) -> None:
    build_id = codebuild.start(codebuild.project("stopped", commands(build=["echo pid $$; sleep 300"])))
    started = wait_until(
        lambda: codebuild.build(build_id)["currentPhase"] == "BUILD" and codebuild.build(build_id), "the build to begin"
    )
    line = wait_until(lambda: [line for line in codebuild.log(started) if line.startswith("pid ")], "its process")[0]
    project, _, number = build_id.partition(":")
    link = f'href="/_console/builds/{project}/{number}"'
    assert link in _overview(local_aws.url)
    codebuild.api.stop_build(id=build_id)
    build = codebuild.ended(build_id)
    assert link not in _overview(local_aws.url)
    assert build["buildStatus"] == "STOPPED" and not psutil.pid_exists(int(line.split()[1]))


@pytest.mark.slow
def test_over_a_kill_of_the_server_builds_end_and_records_stay(own_local_aws: Any) -> None:
    before = CodeBuild(own_local_aws)
    own_local_aws.client("ssm").put_parameter(Name="/kept", Value="secret", Type="String")
    project = before.project("killed", commands(build=["echo pid $$; sleep 300"]))
    running = before.start(project)
    wait_until(lambda: before.build(running)["currentPhase"] == "BUILD", "the build to begin", SLOW_PATIENCE_SECONDS)
    line = wait_until(
        lambda: [line for line in before.log(before.build(running)) if line.startswith("pid ")],
        "its process",
        SLOW_PATIENCE_SECONDS,
    )[0]
    # what is not saved within a second of its change may be lost, as everywhere here
    parameters = own_local_aws.state / "moto" / "ssm.pickle"
    wait_until(parameters.exists, "the parameters to be saved", SLOW_PATIENCE_SECONDS)
    own_local_aws.kill()
    wait_until(lambda: not psutil.pid_exists(int(line.split()[1])), "the build's process to end", SLOW_PATIENCE_SECONDS)
    own_local_aws.start()
    after = CodeBuild(own_local_aws)
    # what was loaded is saved again, when the server ends
    own_local_aws.client("ssm").put_parameter(Name="/kept/too", Value="more", Type="String")
    build = after.build(running)
    assert build["buildStatus"] == "FAILED" and build["buildComplete"]
    (context,) = [one["contexts"][0]["message"] for one in build["phases"] if one.get("phaseStatus") == "FAILED"]
    assert context == "The local AWS ended while this build ran."
    variable = {"name": "KEPT", "value": "/kept", "type": "PARAMETER_STORE"}
    again = after.start(
        project, buildspecOverride=commands(build=["test $KEPT = secret"]), environmentVariablesOverride=[variable]
    )
    assert after.ended(again)["buildStatus"] == "SUCCEEDED" and after.build(again)["buildNumber"] == 2
