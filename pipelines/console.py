"""How a command ends: an error that a person can do something about is one line, anything else keeps its traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

# The errors of this project that carry a line for the user: by name, so that nothing is loaded only to compare with it.
EXPECTED = frozenset(
    {
        "BadArgument",
        "BaselineMissing",
        "BaselineUnusable",
        "ChampionPredictionsMissing",
        "ClassesUnknown",
        "DatasetUnavailable",
        "EndpointMissing",
        "ExecutionNotFound",
        "ExecutionTimedOut",
        "FeaturesUnknown",
        "IncompleteNetwork",
        "InvalidDefinition",
        "InvalidEndpointName",
        "InvalidSettings",
        "LocalServerFailed",
        "LocalServerNotRunning",
        "MalformedParameter",
        "ModelPackageGroupMissing",
        "ModelVersionMissing",
        "MonitoringRefused",
        "MonitoringTimedOut",
        "NameTooLong",
        "NewImagesRefused",
        "NotComparable",
        "NotDeleted",
        "NotLabelled",
        "NothingCaptured",
        "NotMonitorable",
        "NothingToRollBackTo",
        "Overtaken",
        "ParameterUnknown",
        "PictureMissing",
        "PretrainedModelMissing",
        "ProcessingFailure",
        "ReasonRefused",
        "RenewalFailed",
        "ReportMissing",
        "ReviewMissing",
        "ReviewRefused",
        "RoleMissing",
        "ScheduleMissing",
        "SeedRefused",
        "SourceCodeMissing",
        "StackFailed",
        "StackMissing",
        "StampRefused",
        "StillThere",
        "StoredFileDamaged",
        "StoredFileMissing",
        "TargetNotConfigured",
        "TemplateUnusable",
        "TestSetMissing",
        "UnknownPipeline",
        "UnsupportedAlgorithm",
        "UnsupportedPretraining",
        "UnsupportedCron",
    }
)
UNREACHABLE = frozenset({"EndpointConnectionError", "ConnectionClosedError", "ConnectTimeoutError"})
CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "ProfileNotFound"})


def explain(error: BaseException) -> str | None:
    """One line for the user, or None for an error that nobody foresaw (its traceback is wanted then)."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & EXPECTED:
        return _one_line(error)
    if kinds & UNREACHABLE:
        return f"{_one_line(error)} Is it running? `scones up` starts the local AWS, `scones status` shows it."
    if kinds & CREDENTIALS:
        return f"{_one_line(error)}: run `aws configure`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if "ClientError" in kinds:
        answer = error.response["Error"]  # type: ignore[attr-defined]
        reason = " ".join(str(answer.get("Message") or "no reason given").split())
        return f"{error.operation_name} was refused: {reason} ({answer['Code']})"  # type: ignore[attr-defined]
    if "BotoCoreError" in kinds:
        return _one_line(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'input or output'}: {error.strerror or error}"
    return None


def run_reporting_errors(command: Callable[[], int]) -> int:
    """Runs the command and returns its exit code, or 1 after one line on stderr for an error that can be explained."""
    try:
        return command()
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        print(f"error: {line}", file=sys.stderr)
        return 1


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
