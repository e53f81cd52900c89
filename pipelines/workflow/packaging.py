"""A SAM template with local paths, to one whose code and definitions are in S3: what `sam package` does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.function_archive import stage_archive
from pipelines.source_code import object_exists, read_tree, tree_digest

PREFIX = "scones/workflow"


class TemplateUnusable(ValueError):
    """The template names a file that is not there; the message says which, and where."""


@dataclass(frozen=True)
class PackagedTemplate:
    """A template in S3: its URL, as CloudFormation takes it, its key, and the names of its parameters."""

    url: str
    key: str
    parameters: frozenset[str]


@dataclass(frozen=True)
class Packager:
    """Uploads to one bucket. Keys are made from contents: what is there already is not uploaded again."""

    s3: Any
    bucket: str
    prefix: str = PREFIX

    def package(self, template: Path) -> PackagedTemplate:
        """Uploads what the template refers to, and the template. Raises TemplateUnusable."""
        return self.upload(self.with_addresses(template))

    def with_addresses(self, template: Path) -> dict[str, Any]:
        """The template's document after what it refers to was uploaded. Raises TemplateUnusable."""
        from samtranslator.yaml_helper import yaml_parse

        document: dict[str, Any] = yaml_parse(template.read_text(encoding="utf-8"))
        for place, properties, member in _local_paths(document):
            path = template.parent / properties[member]
            if not path.exists():
                raise TemplateUnusable(f"{template}: {member} of {place} is {properties[member]}: no such file")
            properties[member] = f"s3://{self.bucket}/{self._stage(path)}"
        return document

    def upload(self, document: Mapping[str, Any], name: str = "template.json") -> PackagedTemplate:
        """Uploads the document of a template."""
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        key = self._put(text.encode(), name)
        return PackagedTemplate(
            url=f"{self.s3.meta.endpoint_url}/{self.bucket}/{key}",
            key=key,
            parameters=frozenset(document.get("Parameters", {})),
        )

    def _stage(self, path: Path) -> str:
        if path.is_dir():
            return stage_archive(self.s3, self.bucket, path.resolve().name, read_tree(path))
        return self._put(path.read_bytes(), path.name)

    def _put(self, content: bytes, name: str) -> str:
        key = f"{self.prefix}/{tree_digest({name: content})}/{name}"
        if not object_exists(self.s3, self.bucket, key):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key


def _local_paths(document: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Where the template names code or a definition by a path on this machine: for whom, in what, as which member."""
    functions = document.get("Globals", {}).get("Function", {})
    found = [("Globals.Function", functions, "CodeUri")]
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            found.append((name, properties, "CodeUri"))
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            found.append((name, properties, "DefinitionUri"))
    for place, properties, member in found:
        value = properties.get(member)
        if isinstance(value, str) and not value.startswith("s3://"):
            yield place, properties, member
