"""What a build's log says of settings that have no effect here, so that nobody wonders."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from local_aws.builds.buildspec import Buildspec
from local_aws.builds.records import Build


def remarks(build: Build, buildspec: Buildspec) -> Iterator[str]:
    """A line each."""
    settings = build.settings
    python = platform.python_version()
    image = settings["environment"]["image"]
    yield f"The image {image} is not there: commands run on this machine, with Python {python}"
    install = buildspec.phases.get("install")
    for name, version in (install.runtimes if install else {}).items():
        yield f"runtime-versions: {name} {version} is asked for, {name} {python} runs"
    inert = [name for name in ("vpcConfig",) if settings.get(name)]
    if settings["cache"]["type"] != "NO_CACHE":
        inert.append("cache")
    if settings["environment"].get("privilegedMode"):
        inert.append("privilegedMode")
    inert += [name for name in buildspec.ignored if name not in inert]
    if inert:
        yield f"Declared, without effect on this local AWS: {', '.join(inert)}"
    counts = ", ".join(f"{name.upper()} {len(phase.commands)}" for name, phase in buildspec.phases.items())
    yield f"Phases found in YAML, with their commands: {counts}"
