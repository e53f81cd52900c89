"""Container images. There being no Docker, an image is a Python module of this folder, run as a script.

The module is chosen by the repository name of the image URI (`…/pytorch-training:2.10.0-cpu` is
`pytorch_training.py`), or is a folder's `__main__.py` (`…/image-classification:1`), and takes the command that
SageMaker would give the container: `train` or `serve`. `process` is the image's own entry point, for a processing job
that names none. What a module can do stands in its `COMMANDS`; what the service knows of a built-in algorithm, in its
`ALGORITHM`. The modules stand alone: nothing of the server is imported by what runs.
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.sagemaker.errors import ValidationException

FOLDER = Path(__file__).parent
DECLARED = ("COMMANDS", "ALGORITHM")
REPOSITORY = re.compile(r"^(?:[^/]+/)*(?P<name>[a-z0-9][a-z0-9._-]*?)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$")


@dataclass(frozen=True)
class Algorithm:
    """What the service itself knows of an image that is a built-in algorithm.

    `metric_definitions` are names and regular expressions; with `customer_error_code` the container ends where the
    customer is to blame.
    """

    metric_definitions: tuple[tuple[str, str], ...]
    needs_gpu: bool
    customer_error_code: int


@dataclass(frozen=True)
class Image:
    """An image that can be run here; `algorithm` where it is a built-in one."""

    repository: str
    script: Path
    commands: tuple[str, ...]
    algorithm: Algorithm | None = None


@functools.lru_cache(maxsize=1)
def known_images() -> dict[str, Image]:
    """All images, by repository name, in order of their names. The modules are read, not imported."""
    found = {}
    for script in (*FOLDER.glob("*.py"), *FOLDER.glob("*/__main__.py")):
        constants = _constants(script)
        if "COMMANDS" in constants:
            name = script.parent.name if script.name == "__main__.py" else script.stem
            repository = name.replace("_", "-")
            algorithm = Algorithm(**constants["ALGORITHM"]) if "ALGORITHM" in constants else None
            found[repository] = Image(repository, script, tuple(constants["COMMANDS"]), algorithm)
    return dict(sorted(found.items()))


def _constants(script: Path) -> dict[str, Any]:
    found = {}
    for statement in ast.parse(script.read_text()).body:
        if isinstance(statement, ast.Assign) and (name := ast.unparse(statement.targets[0])) in DECLARED:
            found[name] = ast.literal_eval(statement.value)
    return found


def require_image(image_uri: str, command: str | None = None) -> Image:
    """The image of this URI; one that has `command` (`train`, `serve`, `process`), where that is given.

    Raises ValidationException, which lists the images that would do.
    """
    match = REPOSITORY.match(image_uri)
    image = known_images().get(match["name"]) if match else None
    if image is not None and (command is None or command in image.commands):
        return image
    able = ", ".join(name for name, known in known_images().items() if command is None or command in known.commands)
    what = "is not known" if image is None else f"does not {command}"
    raise ValidationException(
        f"The image {image_uri} {what} here: without Docker, images are chosen by their repository name. "
        f"Use one of: {able}."
    )
