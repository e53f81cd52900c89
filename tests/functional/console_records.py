"""Real records for the console's tests: executions, a version with evidence, workflows, a queue, an alarm, a rule."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.waiting import wait_until

TRAINING = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313-ubuntu22.04-sagemaker"
INFERENCE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
ROLE = "arn:aws:iam::123456789012:role/console"
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"
MEASURE = """
import json, pathlib
print("measuring <b>\\x1b[31mred\\x1b[0m</b>")
out = pathlib.Path("/opt/ml/processing/out")
out.mkdir(parents=True, exist_ok=True)
(out / "evaluation.json").write_text(json.dumps({"metrics": {"accuracy": 0.91}}))
"""
# what a report must not do: run a script, reach the console around it, load anything
REPORT = """<!doctype html><title>Report</title><style>h1{color:green}</style><h1>Report of the model</h1>
<p id="verdict">The candidate passed.</p>
<script>
document.getElementById("verdict").textContent = "owned";
fetch("/_console/").then(() => { document.title = "fetched"; });
parent.document.title = "owned";
</script><img src="/_console/static/icon.svg" alt="of this server">"""
EVALUATION = {
    "binary_classification_metrics": {
        "accuracy": {"value": 0.91, "standard_deviation": 0.02},
        "auc": {"value": 0.967, "standard_deviation": "NaN"},
        "confusion_matrix": {"0": {"0": 88, "1": 12}, "1": {"0": 6, "1": 94}},
    }
}
PREDICTIONS = f'image,label,p_bicycle\nab12,bicycle,0.97\ncd34,"{HOSTILE}",0.5\n'


SERVING = """
def model_fn(model_dir):
    return "A"
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return model
def output_fn(prediction, accept):
    return prediction, "text/plain"
"""


@dataclass
class Records:
    """One of everything, under names of its own."""

    server: Any
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def sagemaker(self) -> Any:
        """The client of SageMaker."""
        return self.server.client("sagemaker")

    def name(self, what: str) -> str:
        """A name that no other test has."""
        return f"{what}-{self.id}"

    def put(self, key: str, content: bytes | str) -> str:
        """An object in S3; its URI."""
        body = content.encode() if isinstance(content, str) else content
        self.server.client("s3").put_object(Bucket=self.server.bucket, Key=f"console/{self.id}/{key}", Body=body)
        return f"s3://{self.server.bucket}/console/{self.id}/{key}"

    def pipeline(self, what: str = "train", script: str = MEASURE) -> str:
        """A pipeline: measure, then by the figure one of two ways. Its name."""
        name = self.name(what)
        steps = [self._processing("Measure", what, script), self._check(), self._condition()]
        parameters = [
            {"Name": "Bar", "Type": "Float", "DefaultValue": 0.9},
            {"Name": "ModelPackageArn", "Type": "String", "DefaultValue": "none"},
        ]
        document = json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": steps})
        self.sagemaker.create_pipeline(PipelineName=name, RoleArn=ROLE, PipelineDefinition=document)
        return name

    def execution(self, pipeline: str, wait: bool = True, **parameters: str) -> str:
        """The ARN of an execution that has ended, or that has begun."""
        arn = self.sagemaker.start_pipeline_execution(
            PipelineName=pipeline,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
            PipelineExecutionDisplayName="hello",
            PipelineExecutionDescription=HOSTILE,
        )["PipelineExecutionArn"]
        if wait:
            describe = self.sagemaker.describe_pipeline_execution
            wait_until(
                lambda: describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"] not in ("Executing", "Stopping"),
                f"{arn} to end",
            )
        return str(arn)

    def group(self) -> str:
        """A model package group, with a description that is not harmless."""
        name = self.name("vehicles")
        self.sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription=HOSTILE)
        return name

    def version(self, group: str, **settings: Any) -> str:
        """A version with all kinds of evidence; its ARN."""
        picture = io.BytesIO()
        Image.new("RGB", (240, 160), "steelblue").save(picture, "PNG")
        metadata = {
            "accuracy": "0.91",
            "report_uri": self.put("report.html", REPORT),
            "predictions_uri": self.put("predictions.csv", PREDICTIONS),
            "confusion_uri": self.put("confusion.png", picture.getvalue()),
            "gone_uri": f"s3://{self.server.bucket}/console/{self.id}/gone.html",
            "data_uri": f"s3://{self.server.bucket}/console/{self.id}/data.tar.gz",
        }
        statistics = {"ContentType": "application/json", "S3Uri": self.put("evaluation.json", json.dumps(EVALUATION))}
        arn = self.sagemaker.create_model_package(
            **{
                "ModelPackageGroupName": group,
                "ModelPackageDescription": HOSTILE,
                "ModelApprovalStatus": "PendingManualApproval",
                "CustomerMetadataProperties": metadata,
                "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
                "InferenceSpecification": {
                    "Containers": [{"Image": INFERENCE, "ModelDataUrl": self.put("model.tar.gz", "weights")}],
                    "SupportedContentTypes": ["image/png"],
                    "SupportedResponseMIMETypes": ["application/json"],
                },
                **settings,
            }
        )["ModelPackageArn"]
        return str(arn)

    def endpoint(self) -> str:
        """An endpoint in service, of a version of its own group, with data capture; its name."""
        name, packed = self.name("endpoint"), io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(SERVING)
            archive.addfile(member, io.BytesIO(SERVING.encode()))
        group = self.name("served")
        self.sagemaker.create_model_package_group(ModelPackageGroupName=group)
        specification = {
            "Containers": [{"Image": INFERENCE, "ModelDataUrl": self.put("serving.tar.gz", packed.getvalue())}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["text/plain"],
        }
        package = self.version(group, ModelApprovalStatus="Approved", InferenceSpecification=specification)
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=[{"ModelPackageName": package}])
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        capture = {
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{self.server.bucket}/console/{self.id}/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig={"EnableCapture": True, **capture}
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        describe = self.sagemaker.describe_endpoint
        wait_until(lambda: describe(EndpointName=name)["EndpointStatus"] == "InService", f"{name} to be in service")
        return name

    def state_machine(self) -> str:
        """Two ways to go, one of which errs and is caught; its ARN."""
        catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Recover"}]
        states: dict[str, Any] = {
            "Look": {"Type": "Pass", "Next": "Route"},
            "Route": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.way", "StringEquals": "short", "Next": "Both"},
                    {"Variable": "$.way", "StringEquals": "bad", "Next": "Refuse"},
                ],
                "Default": "Each",
            },
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": True}}},
                    {"StartAt": "Right", "States": {"Right": {"Type": "Pass", "End": True}}},
                ],
                "End": True,
            },
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {
                    "StartAt": "Parse",
                    "States": {"Parse": {"Type": "Fail", "Error": "Unreadable", "Cause": "no picture"}},
                },
                "Catch": catch,
                "End": True,
            },
            "Recover": {"Type": "Pass", "End": True},
            "Refuse": {"Type": "Fail", "Error": "ThresholdNotMet", "Cause": HOSTILE},
        }
        made = self.server.client("stepfunctions").create_state_machine(
            name=self.name("workflow"), definition=json.dumps({"StartAt": "Look", "States": states}), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def workflow(self, machine: str, **given: Any) -> str:
        """The ARN of an execution of a state machine that has ended."""
        client = self.server.client("stepfunctions")
        arn = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        wait_until(lambda: client.describe_execution(executionArn=arn)["status"] != "RUNNING", f"{arn} to end")
        return str(arn)

    def queues(self) -> str:
        """A queue with two messages and a queue for dead letters; its name."""
        sqs = self.server.client("sqs")
        dead = sqs.create_queue(QueueName=self.name("dead"))["QueueUrl"]
        dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
        url = sqs.create_queue(QueueName=self.name("review"), Attributes={"RedrivePolicy": policy})["QueueUrl"]
        for body in ("one", "two"):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        return self.name("review")

    def alarm(self) -> str:
        """An alarm that somebody has set to ALARM, saying why; its name."""
        cloudwatch = self.server.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=self.name("drift"),
            AlarmDescription=HOSTILE,
            Namespace="console",
            MetricName="feature_baseline_drift",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=2,
            Threshold=0.1,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=self.name("drift"), StateValue="ALARM", StateReason=HOSTILE)
        return self.name("drift")

    def rule(self, pipeline: str, group: str) -> str:
        """A rule that starts a pipeline for every version of the group that is approved; its name."""
        events = self.server.client("events")
        pattern = {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved"]},
        }
        events.put_rule(Name=self.name("on-approval"), EventPattern=json.dumps(pattern), Description=HOSTILE)
        parameters = [{"Name": "ModelPackageArn", "Value": "$.detail.ModelPackageArn"}]
        target = {
            "Id": "deploy",
            "Arn": f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/{pipeline}",
            "RoleArn": ROLE,
            "SageMakerPipelineParameters": {"PipelineParameterList": parameters},
        }
        events.put_targets(Rule=self.name("on-approval"), Targets=[target])
        return self.name("on-approval")

    def _processing(self, name: str, folder: str, script: str) -> dict[str, Any]:
        code = {"S3Uri": self.put(f"{folder}/{name}.py", script), "LocalPath": "/opt/ml/processing/input/code"}
        out = {"S3Uri": self.put("out/.keep", "").removesuffix("/.keep"), "LocalPath": "/opt/ml/processing/out"}
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        arguments = {
            "AppSpecification": {
                "ImageUri": TRAINING,
                "ContainerEntrypoint": ["python3", f"/opt/ml/processing/input/code/{name}.py"],
            },
            "ProcessingResources": {"ClusterConfig": cluster},
            "RoleArn": ROLE,
            "ProcessingInputs": [
                {"InputName": "code", "S3Input": {**code, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
            ],
            "ProcessingOutputConfig": {
                "Outputs": [{"OutputName": "out", "S3Output": {**out, "S3UploadMode": "EndOfJob"}}]
            },
        }
        files = [{"PropertyFileName": "evaluation", "OutputName": "out", "FilePath": "evaluation.json"}]
        return {
            "Name": name,
            "Type": "Processing",
            "Description": HOSTILE,
            "Arguments": arguments,
            "PropertyFiles": files,
        }

    def _check(self) -> dict[str, Any]:
        """By the figure that was measured: a Condition step with a failure in its other branch."""
        figure = {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Measure.PropertyFiles.evaluation"},
                "Path": "metrics.accuracy",
            }
        }
        reject = {
            "Name": "Reject",
            "Type": "Fail",
            "Arguments": {
                "ErrorMessage": {"Std:Join": {"On": " ", "Values": ["below the bar", {"Get": "Parameters.Bar"}]}}
            },
        }
        condition = {"Type": "GreaterThanOrEqualTo", "LeftValue": figure, "RightValue": {"Get": "Parameters.Bar"}}
        arguments = {"Conditions": [condition], "IfSteps": [], "ElseSteps": [reject]}
        return {"Name": "CheckQuality", "Type": "Condition", "Arguments": arguments}

    def _condition(self) -> dict[str, Any]:
        condition = {"Type": "Equals", "LeftValue": {"Get": "Parameters.ModelPackageArn"}, "RightValue": "none"}
        arguments = {"Conditions": [condition], "IfSteps": [], "ElseSteps": []}
        return {"Name": "CheckApproval", "Type": "Condition", "Arguments": arguments, "DependsOn": ["CheckQuality"]}
