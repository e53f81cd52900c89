"""CodeBuild's events as the guide shows them, and projects as targets of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from local_aws.event_sources.builds import BuildEvents
from local_aws.events.errors import NotDelivered, Refused, TryAgain
from local_aws.events.inputs import target_input
from local_aws.events.records import Delivery, Origin
from local_aws.events.targets.builds import BuildTarget
from local_aws.sagemaker.errors import ServiceError
from tests.unit.local_aws_builds_service import BUCKET, ENVIRONMENT, Service, commands, spec
from tests.unit.local_aws_events_service import EVENT, ROLE

PREFIX = "arn:aws:codebuild:us-east-1:123456789012"
RULE = "arn:aws:events:us-east-1:123456789012:rule/drift"
MOMENT = datetime(2030, 1, 1, 13, 4, 5, tzinfo=timezone.utc)


class Bus:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, dict[str, Any], list[str], datetime]] = []

    def publish(self, source: str, kind: str, detail: Any, resources: Any, time: datetime) -> str:
        self.published.append((source, kind, json.loads(json.dumps(detail)), list(resources), time))
        return "id"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "state")
    yield made
    made.close()


def delivery(project: str, **target: Any) -> Delivery:
    given = {"Id": "1", "Arn": f"{PREFIX}:project/{project}", "RoleArn": ROLE, **target}
    return Delivery("d-1", EVENT, Origin("default", "drift", RULE, MOMENT), given, MOMENT)


def deliver(service: Service, sent: Delivery) -> None:
    BuildTarget(service.builds.start_build).deliver(sent, target_input(sent.target, sent.event, sent.origin))


def test_a_build_is_told_of_when_it_begins_and_ends_and_after_every_phase(service: Service) -> None:
    bus = Bus()
    service.builds.listeners.append(BuildEvents(bus, "http://127.0.0.1:1/_console"))  # type: ignore[arg-type]
    service.builds.now = lambda: MOMENT
    buildspec = spec(
        env={"exported-variables": ["FOUND"]},
        phases={
            "build": {"commands": ["FOUND=it; touch a; exit 0", "FOUND=it"]},
            "post_build": {"commands": ["exit 4"]},
        },
        artifacts={"files": ["a"]},
    )
    project = service.project(
        "told",
        buildspec,
        artifacts={"type": "S3", "location": BUCKET, "path": "events", "packaging": "ZIP"},
        environment={**ENVIRONMENT, "environmentVariables": [{"name": "A", "value": "b"}]},
    )
    build = service.run(project)
    kinds = [
        (kind, detail.get("completed-phase", detail.get("build-status"))) for _, kind, detail, _, _ in bus.published
    ]
    phase, state = "CodeBuild Build Phase Change", "CodeBuild Build State Change"
    assert kinds == [
        *((phase, "SUBMITTED"), (phase, "QUEUED"), (state, "IN_PROGRESS"), (phase, "PROVISIONING")),
        *(
            (phase, "DOWNLOAD_SOURCE"),
            (phase, "INSTALL"),
            (phase, "PRE_BUILD"),
            (phase, "BUILD"),
            (phase, "POST_BUILD"),
        ),
        *((phase, "UPLOAD_ARTIFACTS"), (phase, "FINALIZING"), (state, "FAILED")),
    ]
    source, _, last, resources, moment = bus.published[-1]
    assert (source, resources, moment) == ("aws.codebuild", [build["arn"]], MOMENT)
    assert (last["build-id"], last["project-name"], last["version"]) == (build["arn"], "told", "1")
    assert last["current-phase"] == "COMPLETED" and last["current-phase-context"] == "[]"
    more = last["additional-information"]
    assert more["build-complete"] is True and more["build-start-time"] == "Jan 1, 2030 1:04:05 PM"
    assert more["artifact"]["location"] == f"arn:aws:s3:::{BUCKET}/events/told" and "md5sum" in more["artifact"]
    assert more["environment"]["environment-variables"] == [{"name": "A", "type": "PLAINTEXT", "value": "b"}]
    assert more["exported-environment-variables"] == [{"name": "FOUND", "value": "it"}]
    assert more["logs"]["group-name"] == "/aws/codebuild/told" and more["source"] == {"type": "NO_SOURCE"}
    assert [one["phase-type"] for one in more["phases"]][-2:] == ["FINALIZING", "COMPLETED"]
    (failed,) = [detail for _, _, detail, _, _ in bus.published if detail.get("completed-phase") == "POST_BUILD"]
    told = "COMMAND_EXECUTION_ERROR: Error while executing command: exit 4. Reason: exit status 4"
    assert (failed["completed-phase-status"], failed["completed-phase-context"]) == ("FAILED", f"[{told}]")
    assert failed["completed-phase-start"] == failed["completed-phase-end"] == "Jan 1, 2030 1:04:05 PM"
    assert failed["completed-phase-duration-seconds"] == 0.0


def test_a_rule_starts_a_build_once_with_the_overrides_of_its_input(service: Service) -> None:
    project = service.project("retrain", commands(build=['echo "why: $REASON $KEPT"']))
    template = '{"environmentVariablesOverride": [{"name": "REASON", "value": "<why>"}], "sourceVersion": <source>}'
    transformer = {"InputPathsMap": {"why": "$.detail.n", "source": "$.source"}, "InputTemplate": template}
    sent = delivery(project, InputTransformer=transformer)
    deliver(service, sent)
    deliver(service, sent)
    (build_id,) = service.call("ListBuilds")["ids"]
    build = service.ended(build_id)
    assert build["initiator"] == "rule/drift" and build["sourceVersion"] == "tests"
    assert "why: 1 " in service.log(build)


def test_an_event_without_an_input_of_the_target_changes_nothing_of_the_build(service: Service) -> None:
    deliver(service, delivery(service.project("plain", commands(build=["true"]))))
    (build_id,) = service.call("ListBuilds")["ids"]
    assert service.ended(build_id)["buildStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("project", "target", "kind", "code"),
    [
        ("none", {}, Refused, "NO_RESOURCE"),
        ("limited", {"Input": "[1]"}, Refused, "INVALID_PARAMETER"),
        ("limited", {"Input": '{"environmentVariablesOverride": "x"}'}, Refused, "INVALID_PARAMETER"),
        ("limited", {"Input": '{"what": "x"}'}, Refused, "INVALID_PARAMETER"),
        ("limited", {"Input": "no json"}, Refused, "INVALID_JSON"),
    ],
)
def test_what_cannot_be_started_is_refused(
    service: Service, project: str, target: dict[str, Any], kind: type[NotDelivered], code: str
) -> None:
    service.project("limited", commands(build=["true"]))
    with pytest.raises(kind) as error:
        deliver(service, delivery(project, **target))
    assert error.value.code == code and service.call("ListBuilds")["ids"] == []


def test_a_project_at_its_limit_is_tried_again() -> None:
    def full(_request: dict[str, Any], _initiator: str) -> None:
        error = ServiceError("Cannot have more than 1 active builds")
        error.code = "AccountLimitExceededException"
        raise error

    with pytest.raises(TryAgain) as again:
        BuildTarget(full).deliver(delivery("any"), "{}")
    assert again.value.code == "THROTTLING"
