"""The transform AWS::Serverless-2016-10-31, carried out by AWS's own library, without a network."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Mapping
from typing import Any

from local_aws.cloudformation.errors import ValidationError

SAM = "AWS::Serverless-2016-10-31"
# SAM's library would ask AWS's application repository for it
APPLICATION = "AWS::Serverless::Application"
FAILED = f"Transform {SAM} failed with: "
# the library keeps what it was last told in its classes
_ONE_AT_A_TIME = threading.Lock()


class _NamedPolicies:
    """Stands for IAM's list of AWS managed policies, which the library asks for a name that is not among its own."""

    def load(self) -> dict[str, str]:
        raise ValidationError(
            f"{FAILED}a function or state machine names a managed policy that SAM does not know, and this local AWS "
            "has no list of AWS's policies: give its ARN instead."
        )


def transforms_of(document: Mapping[str, Any]) -> list[str]:
    """The names of a template's transforms. Raises ValidationError for one that is not carried out here."""
    declared = document.get("Transform") or []
    names = declared if isinstance(declared, list) else [declared]
    for name in names:
        if name != SAM:
            raise ValidationError(f"The transform {name} is not supported by this local AWS; supported: {SAM}.")
    return names


def transform(document: Mapping[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The document as SAM translates it, `parameters` being what Ref gives for each. Raises ValidationError."""
    _refuse_applications(document)
    # about half a second and 20 MB, for stacks that ask for it alone
    import boto3
    from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    session = boto3.Session(region_name=region)
    with _ONE_AT_A_TIME:
        translator = Translator(None, Parser(), boto_session=session)
        try:
            translated = translator.translate(
                copy.deepcopy(dict(document)), dict(parameters), get_managed_policy_map=_NamedPolicies().load
            )
        except InvalidDocumentException as error:
            causes = " ".join(cause.message for cause in error.causes)
            raise ValidationError(f"{FAILED}{error.message} {causes}{_advice(causes)}") from error
        except ExceptionWithMessage as error:
            raise ValidationError(f"{FAILED}{error.message}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValidationError(f"{FAILED}Internal transform failure: {error!r}") from error
        finally:
            # it warns of figures that nobody has taken
            translator.metrics.publish()
    # plain dictionaries and texts, in the place of the library's own
    plain: dict[str, Any] = json.loads(json.dumps(translated))
    return plain


def _advice(causes: str) -> str:
    if "is not a valid S3 Uri" not in causes:
        return ""
    return (
        " The template refers to files of its author's machine: package it first (`sam package`, `aws cloudformation "
        "package`), which uploads them and puts their addresses in S3 into it."
    )


def _refuse_applications(document: Mapping[str, Any]) -> None:
    for name, resource in document["Resources"].items():
        if isinstance(resource, dict) and resource.get("Type") == APPLICATION:
            raise ValidationError(f"Resource {name}: the type {APPLICATION} is not supported by this local AWS.")
