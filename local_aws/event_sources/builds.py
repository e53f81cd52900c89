"""CodeBuild's events on builds and their phases.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html, "format reference": times are
text like "Sep 1, 2017 4:14:21 PM", numbers are decimal, the id of the build is its ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from local_aws.builds.log import place_of
from local_aws.builds.records import Build, Phase, PhaseContext
from local_aws.events.event_bridge import EventBridge

SOURCE = "aws.codebuild"
STATE_CHANGE, PHASE_CHANGE = "CodeBuild Build State Change", "CodeBuild Build Phase Change"
VERSION = "1"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Detail = dict[str, Any]


class BuildEvents:
    """A listener of `Builds`. `console_url` is where the logs can be read."""

    def __init__(self, events: EventBridge, console_url: str) -> None:
        self._events, self._console_url = events, console_url

    def __call__(self, build: Build, phase: Phase | None) -> None:
        """The build has another status, or a phase of it has ended."""
        if phase is None:
            kind, detail = STATE_CHANGE, state_change(build, self._console_url)
            moment = build.ended or build.phases[-1].started
        else:
            kind, detail = PHASE_CHANGE, phase_change(build, phase, self._console_url)
            moment = phase.ended or phase.started
        self._events.publish(SOURCE, kind, detail, [build.arn], moment)


def state_change(build: Build, console_url: str) -> Detail:
    """The detail of an event on a build that begins or ends."""
    return {
        "build-status": build.status,
        "project-name": build.project,
        "build-id": build.arn,
        "additional-information": additional_information(build, console_url),
        "current-phase": build.current_phase,
        "current-phase-context": _context_text(build.phases[-1].context if build.phases else None),
        "version": VERSION,
    }


def phase_change(build: Build, phase: Phase, console_url: str) -> Detail:
    """The detail of an event on a phase that has ended."""
    return {
        "completed-phase": phase.type,
        "project-name": build.project,
        "build-id": build.arn,
        "completed-phase-context": _context_text(phase.context),
        "additional-information": additional_information(build, console_url),
        "completed-phase-status": phase.status,
        "completed-phase-duration-seconds": float(phase.seconds or 0),
        "version": VERSION,
        "completed-phase-start": _time(phase.started),
        "completed-phase-end": _time(phase.ended or phase.started),
    }


def additional_information(build: Build, console_url: str) -> Detail:
    """What both kinds of events say of a build."""
    settings = build.settings
    found = {
        "artifact": _artifact(build.outcome.get("artifacts")),
        "cache": {"type": settings["cache"]["type"]},
        "build-number": float(build.number),
        "environment": _environment(settings["environment"]),
        "timeout-in-minutes": float(settings["timeoutInMinutes"]),
        "queued-timeout-in-minutes": float(settings["queuedTimeoutInMinutes"]),
        "build-complete": not build.running,
        "initiator": build.initiator,
        "build-start-time": _time(build.submitted),
        "source": {name: settings["source"][name] for name in ("location", "type") if name in settings["source"]},
        "source-version": settings.get("sourceVersion"),
        "logs": _logs(build, console_url),
        "phases": [_phase(phase) for phase in build.phases],
    }
    exported = build.outcome.get("exportedEnvironmentVariables")
    found["exported-environment-variables"] = exported or None
    return {name: value for name, value in found.items() if value is not None}


def _artifact(artifact: Mapping[str, Any] | None) -> Detail:
    members = {"md5sum": "md5sum", "sha256sum": "sha256sum", "location": "location"}
    return {name: artifact[member] for name, member in members.items() if member in artifact} if artifact else {}


def _environment(environment: Mapping[str, Any]) -> Detail:
    return {
        "image": environment["image"],
        "privileged-mode": environment["privilegedMode"],
        "image-pull-credentials-type": environment["imagePullCredentialsType"],
        "compute-type": environment["computeType"],
        "type": environment["type"],
        "environment-variables": [
            {"name": variable["name"], "type": variable.get("type", "PLAINTEXT"), "value": variable["value"]}
            for variable in environment["environmentVariables"]
        ],
    }


def _logs(build: Build, console_url: str) -> Detail | None:
    place = place_of(build)
    if place is None:
        return None
    group, stream = place
    link = f"{console_url}/logs/stream?group={quote(group, safe='')}&stream={quote(stream, safe='')}"
    return {"group-name": group, "stream-name": stream, "deep-link": link}


def _phase(phase: Phase) -> Detail:
    found: Detail = {"start-time": _time(phase.started), "phase-type": phase.type}
    if phase.status is not None and phase.ended is not None:
        told = [_said(phase.context)] if phase.context else []
        found |= {
            "phase-context": told,
            "end-time": _time(phase.ended),
            "duration-in-seconds": float(phase.seconds or 0),
            "phase-status": phase.status,
        }
    return found


def _context_text(context: PhaseContext | None) -> str:
    return f"[{_said(context)}]" if context else "[]"


def _said(context: PhaseContext) -> str:
    return f"{context.status_code}: {context.message}"


def _time(moment: datetime) -> str:
    """As Java writes it: months in English, no leading zeros, in UTC."""
    utc = moment.astimezone(timezone.utc)
    hour = utc.hour % 12 or 12
    half = "AM" if utc.hour < 12 else "PM"
    return f"{MONTHS[utc.month - 1]} {utc.day}, {utc.year} {hour}:{utc:%M:%S} {half}"
