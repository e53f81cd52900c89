"""CodeBuild without a server: builds that really run, over S3 and logs in memory, with minutes of any length."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.model import StructureShape
from moto.logs.models import LogsBackend
from moto.s3.models import s3_backends

from local_aws.builds.api import CODEBUILD
from local_aws.builds.builds import MINUTE_SECONDS, MOST_AT_ONCE, Builds
from local_aws.builds.errors import PhaseFailed
from local_aws.builds.records import Build, Phase
from local_aws.logs import LogGroups
from local_aws.objects import ObjectStore
from local_aws.sagemaker.context import ACCOUNT_ID, Context
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.validation import validate_shape
from local_aws.service_shapes import service_model
from tests.waiting import wait_until

BUCKET = "builds-in-memory"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/build"
ENVIRONMENT = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"}
NO_ARTIFACTS = {"type": "NO_ARTIFACTS"}


@dataclass
class Secrets:
    """Parameters and secrets by name."""

    values: dict[str, str] = field(default_factory=dict)

    def parameter(self, name: str) -> str:
        if name not in self.values:
            raise PhaseFailed("Decrypted Variables Error", f"parameter does not exist: {name}")
        return self.values[name]

    secret = parameter


class Service:
    """One CodeBuild; `told` are the events that its listeners got."""

    def __init__(self, folder: Path, minute_seconds: float = MINUTE_SECONDS, at_once: int = MOST_AT_ONCE) -> None:
        folder.mkdir(exist_ok=True)
        s3 = s3_backends[ACCOUNT_ID]["aws"]
        if BUCKET not in s3.buckets:
            s3.create_bucket(BUCKET, "us-east-1")
        self._logs = LogsBackend("us-east-1", ACCOUNT_ID)
        self.context = Context(
            region="us-east-1",
            state_dir=folder,
            store=Store(folder / "sagemaker.sqlite"),
            objects=ObjectStore(s3),
            logs=LogGroups(self._logs),
            endpoint_url="http://127.0.0.1:1",
            call=lambda _operation, _request: {},
            make_durable=lambda: None,
        )
        self.secrets = Secrets()
        self.builds = Builds(self.context, minute_seconds, at_once, self.secrets)
        self.told: list[tuple[Build, Phase | None]] = []
        self.builds.listeners.append(lambda build, phase: self.told.append((build, phase)))

    def close(self) -> None:
        self.builds.shutdown()
        self.context.store.close()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """The API's answer, which is what botocore's model promises."""
        answer = CODEBUILD.answer(self.builds, operation, request)
        shape = service_model("codebuild").operation_model(operation).output_shape
        assert isinstance(shape, StructureShape)
        # the model says that lists have a member, and the service answers with empty ones
        validate_shape(shape, {name: member for name, member in answer.items() if member != []})
        return answer

    def project(self, name: str, buildspec: str | None = None, **settings: Any) -> str:
        """A project without a source, or with one in S3; its name."""
        request = {
            "source": {"type": "NO_SOURCE", "buildspec": buildspec},
            "artifacts": NO_ARTIFACTS,
            "environment": ENVIRONMENT,
            "serviceRole": ROLE,
            **settings,
        }
        self.call("CreateProject", name=name, **request)
        return name

    def start(self, project: str, **overrides: Any) -> str:
        return str(self.call("StartBuild", projectName=project, **overrides)["build"]["id"])

    def run(self, project: str, **overrides: Any) -> dict[str, Any]:
        """A build that has ended, as the API describes it."""
        return self.ended(self.start(project, **overrides))

    def described(self, build_id: str) -> dict[str, Any]:
        (build,) = self.call("BatchGetBuilds", ids=[build_id])["builds"]
        return dict(build)

    def ended(self, build_id: str) -> dict[str, Any]:
        wait_until(lambda: self.described(build_id)["buildComplete"], lambda: f"the end of {self.described(build_id)}")
        return self.described(build_id)

    def log(self, build: dict[str, Any]) -> list[str]:
        group = self._logs.groups[build["logs"]["groupName"]]
        return [event.message for event in group.streams[build["logs"]["streamName"]].events]

    def put(self, key: str, content: bytes | str) -> str:
        """An object; its place as CodeBuild writes it."""
        self.context.objects.write(BUCKET, key, content.encode() if isinstance(content, str) else content)
        return f"{BUCKET}/{key}"

    def keys(self, prefix: str) -> list[str]:
        return list(self.context.objects.keys(BUCKET, prefix))


def phases_of(build: dict[str, Any]) -> dict[str, str | None]:
    """The status of each phase, in their order."""
    return {phase["phaseType"]: phase.get("phaseStatus") for phase in build["phases"]}


def context_of(build: dict[str, Any], phase_type: str) -> tuple[str, str]:
    (phase,) = [phase for phase in build["phases"] if phase["phaseType"] == phase_type]
    (found,) = phase["contexts"]
    return found["statusCode"], found["message"]


def spec(**sections: Any) -> str:
    """A buildspec. JSON is YAML."""
    return json.dumps({"version": 0.2, **sections}, indent=1)


def commands(**phases: Any) -> str:
    """A buildspec of commands alone."""
    return spec(phases={name: {"commands": list(texts)} for name, texts in phases.items()})


def zipped(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()
