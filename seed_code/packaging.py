"""template.yml made fit for CloudFormation: the templates that it nests and the functions' code uploaded, each under a
key made from its content, and their addresses written into a copy of it, which is uploaded too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.session import Target
from pipelines.source_code import PROJECT_ROOT
from pipelines.workflow.packaging import Packager, TemplateUnusable

TEMPLATE = PROJECT_ROOT / "seed_code" / "template.yml"
PREFIX = "scones/project"
NESTED = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class ArchiveInS3:
    """A project's source: a zip archive of the repository, with buildspec.yml at its root."""

    bucket: str
    key: str


@dataclass(frozen=True)
class PackagedProject:
    """The copy of the template in S3: its key and URL, its parameters' names, and the defaults that were written."""

    bucket: str
    key: str
    url: str
    parameters: frozenset[str]
    defaults: Mapping[str, str]


def package_project(target: Target, source: ArchiveInS3) -> PackagedProject:
    """Uploads what the template names, and the template; what is there already is not uploaded again.

    The copy has no transforms: whoever makes a stack of it acknowledges CAPABILITY_IAM alone. `seed_code.studio` shows
    it in Studio. Raises TemplateUnusable.
    """
    s3, bucket = target.client("s3"), target.bucket
    document = read_template()
    packager = Packager(s3, bucket, PREFIX)
    for name, resource in document["Resources"].items():
        if resource["Type"] == NESTED:
            inner = _expanded(packager.with_addresses(_nested(name, resource)), target)
            resource["Properties"]["TemplateURL"] = packager.upload(inner).url
    defaults = _defaults(target, source)
    _write_defaults(document, defaults)
    # JSON is YAML, and Studio looks for files that are called so
    made = packager.upload(document, TEMPLATE.name)
    return PackagedProject(bucket=bucket, key=made.key, url=made.url, parameters=made.parameters, defaults=defaults)


def read_template() -> dict[str, Any]:
    """The project's template as it is in the repository, its functions in their long forms."""
    from samtranslator.yaml_helper import yaml_parse

    document: dict[str, Any] = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    return document


def _nested(name: str, resource: Mapping[str, Any]) -> Path:
    url = resource["Properties"]["TemplateURL"]
    path = (TEMPLATE.parent / str(url)).resolve()
    if not path.is_file():
        raise TemplateUnusable(f"{TEMPLATE}: TemplateURL of {name} is {url}: no such file")
    return path


def _expanded(document: dict[str, Any], target: Target) -> dict[str, Any]:
    """A SAM template as what SAM makes of it: Service Catalog acknowledges no transforms, nor does SageMaker."""
    if "Transform" not in document:
        return document
    from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    # no names of AWS's managed policies are used, so that none are asked for; parameters stay references
    translator = Translator({}, Parser(), boto_session=target.boto_session)
    try:
        expanded: dict[str, Any] = translator.translate(document, {})
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        raise TemplateUnusable(f"SAM's transform: {error.message} {causes}") from error
    except ExceptionWithMessage as error:
        raise TemplateUnusable(f"SAM's transform: {error.message}") from error
    finally:
        # it warns of figures that nobody has taken
        translator.metrics.publish()
    return expanded


def _defaults(target: Target, source: ArchiveInS3) -> dict[str, str]:
    from model_monitor.stack import stage_function as stage_retraining_request
    from pipelines.deployment.stack import stage_function as stage_safeguards
    from pipelines.workflow.stack import powertools_layer

    s3, bucket = target.client("s3"), target.bucket
    return {
        "CodeBucket": bucket,
        "SafeguardsCodeKey": stage_safeguards(s3, bucket),
        "RetrainingRequestCodeKey": stage_retraining_request(s3, bucket),
        "SourceBucket": source.bucket,
        "SourceKey": source.key,
        "PowertoolsLayerArn": powertools_layer(target),
    }


def _write_defaults(document: dict[str, Any], defaults: Mapping[str, str]) -> None:
    declared = set(document["Metadata"]["Packaged"])
    if declared != set(defaults):
        raise TemplateUnusable(f"{TEMPLATE}: Metadata.Packaged lists {sorted(declared)}, packaged: {sorted(defaults)}")
    for name, value in defaults.items():
        document["Parameters"][name]["Default"] = value
