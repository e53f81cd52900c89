"""What a model package may not ask for: the service's own rules, and what this local AWS does not do."""

from __future__ import annotations

from typing import Any

from local_aws.sagemaker.errors import ValidationException


def refuse_unsupported(request: dict[str, Any]) -> None:
    """Raises ValidationException for a CreateModelPackage request that cannot be kept in full."""
    if request.get("ModelPackageName") and request.get("ModelPackageGroupName"):
        raise ValidationException(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
            "Cannot determine which one to use."
        )
    if not request.get("ModelPackageName") and not request.get("ModelPackageGroupName"):
        raise ValidationException("Missing ARN.")
    if request.get("CertifyForMarketplace"):
        raise ValidationException("CertifyForMarketplace is not supported by this local AWS.")
    if request.get("ValidationSpecification", {}).get("ValidationProfiles"):
        raise ValidationException("ValidationProfiles are not supported by this local AWS.")
    if "SourceAlgorithmSpecification" in request:
        name = request["SourceAlgorithmSpecification"]["SourceAlgorithms"][0]["AlgorithmName"]
        raise ValidationException(f"Could not find algorithm {name}: this local AWS has no algorithm resources.")
    if request.get("ModelPackageName"):
        _refuse_what_only_versions_have(request)


def _refuse_what_only_versions_have(request: dict[str, Any]) -> None:
    if "ModelApprovalStatus" in request:
        raise ValidationException("ModelApprovalStatus cannot be specified when using non-versioned ModelPackages")
    containers = request.get("InferenceSpecification", {}).get("Containers", [])
    if any(container.get("Environment") for container in containers):
        raise ValidationException(
            "1 validation errors detected:Environment variable map cannot be specified "
            "when using non-versioned ModelPackages"
        )
