"""The product's API calls against botocore's model of AWS: does the operation exist, and take what it is given?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from pipelines.readiness.finding import Finding, judged
from pipelines.readiness.source_calls import Call

if TYPE_CHECKING:
    from botocore.model import OperationModel

# What of IAM's action names stands before the colon, where it is not the client's own name.
IAM_PREFIXES = {
    "sagemaker-runtime": "sagemaker",
    "stepfunctions": "states",
    "service-quotas": "servicequotas",
}
# Where IAM's actions are not called as the operations are (Service Authorization Reference, Amazon S3 and SQS).
OTHER_ACTIONS: dict[tuple[str, str], frozenset[str]] = {
    # a HEAD is a GET, and without ListBucket it answers 403 for what is not there
    ("s3", "HeadObject"): frozenset({"s3:GetObject", "s3:ListBucket"}),
    ("s3", "HeadBucket"): frozenset({"s3:ListBucket"}),
    ("s3", "ListObjectsV2"): frozenset({"s3:ListBucket"}),
    ("s3", "ListObjectVersions"): frozenset({"s3:ListBucketVersions"}),
    ("s3", "ListBuckets"): frozenset({"s3:ListAllMyBuckets"}),
    ("s3", "DeleteObjects"): frozenset({"s3:DeleteObject", "s3:DeleteObjectVersion"}),
    ("s3", "CopyObject"): frozenset({"s3:GetObject", "s3:PutObject"}),
    ("s3", "GetBucketEncryption"): frozenset({"s3:GetEncryptionConfiguration"}),
    ("s3", "GetPublicAccessBlock"): frozenset({"s3:GetBucketPublicAccessBlock"}),
    ("sqs", "SendMessageBatch"): frozenset({"sqs:SendMessage"}),
    ("sqs", "DeleteMessageBatch"): frozenset({"sqs:DeleteMessage"}),
}


def check_calls(calls: list[Call]) -> Finding:
    """Every call exists, with these arguments."""
    problems = [problem for call in calls for problem in problems_of(call)]
    made = {(call.service, operation.name) for call in calls if (operation := operation_of(call))}
    by_service = Counter(service for service, _ in made)
    told = ", ".join(f"{service} {count}" for service, count in sorted(by_service.items()))
    fine = f"{len(calls)} calls of {len(made)} operations ({told})"
    return judged("API calls", problems, fine, "see the service's API reference")


def problems_of(call: Call) -> Iterator[str]:
    """What botocore would refuse of a call before it is sent, as far as the source says."""
    operation = operation_of(call)
    if operation is None:
        yield f"{call.place}: {call.service} has no {call.method}"
        return
    if call.keywords is None:
        return
    shape = operation.input_shape
    known = set(shape.members) if shape else set()
    for name in sorted(call.keywords - known):
        yield f"{call.place}: {operation.name} takes no {name}"
    # botocore makes the tokens of idempotent requests itself
    made = set(operation.idempotent_members) if shape else set()
    for name in sorted(set(shape.required_members if shape else []) - call.keywords - made):
        yield f"{call.place}: {operation.name} wants {name}"


def operation_of(call: Call) -> OperationModel | None:
    """botocore's model of what is called; None where there is no such operation or service."""
    operation: OperationModel | None = _operations(call.service).get(call.method)
    return operation


def actions_of(calls: Iterable[Call]) -> frozenset[str]:
    """The IAM actions that the calls need."""
    found: set[str] = set()
    for call in calls:
        operation = operation_of(call)
        if operation is not None:
            prefix = IAM_PREFIXES.get(call.service, call.service)
            found |= OTHER_ACTIONS.get((call.service, operation.name), frozenset({f"{prefix}:{operation.name}"}))
    return frozenset(found)


@lru_cache(maxsize=64)
def _operations(service: str) -> dict[str, OperationModel]:
    import botocore.session
    from botocore import xform_name
    from botocore.exceptions import UnknownServiceError

    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return {}
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}
