"""All checks in order: those that need no AWS, then those that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from pipelines.names import DEPLOYMENT_PIPELINE_NAME, PIPELINE_NAME
from pipelines.readiness.account import check_account
from pipelines.readiness.api_calls import check_calls
from pipelines.readiness.finding import Finding
from pipelines.readiness.limits import check_definitions, check_names, check_packages
from pipelines.readiness.linters import cfn_lint, sam_validate
from pipelines.readiness.permissions import check_permissions
from pipelines.readiness.policies import check_policies
from pipelines.readiness.quotas import Quota, needed_quotas
from pipelines.readiness.source_calls import calls_in, read_sources
from pipelines.readiness.templates import find_templates, sizes, transformed
from pipelines.teardown.plan import stack_names
from pipelines.training.algorithms import ALGORITHMS, PYTORCH

# these go into the request of CreateStack itself (`TemplateBody`), the others through S3
INLINE_TEMPLATES = frozenset(
    {"pipelines/deployment/template.yaml", "model_monitor/template.yaml", "pipelines/retraining/template.yaml"}
)
OTHERS = tuple(algorithm for algorithm in ALGORITHMS.values() if algorithm != PYTORCH)


def check_readiness(root: Path) -> Iterator[Finding]:
    """Every finding for AWS, as soon as it is there. `root` is the project's folder."""
    yield from check_sources(root)
    definitions = _definitions()
    yield from check_definitions(definitions)
    yield check_names(stack_names())
    yield check_packages(_packages(root))
    yield from check_account(_quotas(definitions))


def check_sources(root: Path) -> Iterator[Finding]:
    """What is read from files alone: templates, policies, calls. A file that cannot be read is a finding, too."""
    try:
        templates, sources = find_templates(root), read_sources(root)
    except (yaml.YAMLError, SyntaxError) as error:
        yield Finding("Files", False, " ".join(str(error).split()), "correct it; templates and calls are not checked")
        return
    yield sizes(templates, INLINE_TEMPLATES)
    yield transformed(templates)
    yield cfn_lint(templates, root)
    yield sam_validate(templates)
    yield from check_policies(templates)
    calls = calls_in(sources)
    yield check_calls(calls)
    yield from check_permissions(templates, sources, calls)


def _definitions() -> dict[str, str]:
    """Both pipelines, and the first one for the other algorithms, compiled without a service."""
    from pipelines.cli.compile import BUILDERS, Variant
    from pipelines.definition import compile_definition
    from pipelines.session import offline_target

    place = offline_target()
    found = {name: compile_definition(build(place, False, Variant())) for name, build in BUILDERS.items()}
    for algorithm in OTHERS:
        variant = Variant(algorithm.name)
        found[f"{PIPELINE_NAME}, {algorithm.name}"] = compile_definition(BUILDERS[PIPELINE_NAME](place, False, variant))
    return found


def _packages(root: Path) -> dict[str, Path]:
    return {
        "endpoint_safeguards": root / "pipelines" / "deployment" / "endpoint_safeguards",
        "request_retraining": root / "model_monitor" / "request_retraining",
        "inference_workflow": root / "inference_workflow",
    }


def _quotas(definitions: dict[str, str]) -> list[Quota]:
    from model_monitor.job_definition import Resources

    return needed_quotas(
        definitions[PIPELINE_NAME],
        definitions[DEPLOYMENT_PIPELINE_NAME],
        Resources().instance_type,
        OTHERS,
    )
