"""The model channel: training that goes on from a model of this algorithm.

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html, "Incremental Training".
"""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from .artefact import PARAMS, SHAPES, SYMBOL, Architecture, Model, ModelUnreadable, load
from .errors import CustomerError

ARCHIVE = "model.tar.gz"
LARGEST_MEMBER = 2 << 30
SAME = ("num_layers", "image_shape", "num_classes")


def load_seed(channel: Path, asked: Architecture) -> Model:
    """The model in the model channel's model.tar.gz, which has to be of the architecture asked for.

    Raises CustomerError.
    """
    found = sorted(channel.rglob("*.tar.gz"))
    if len(found) != 1:
        raise CustomerError(f"The model channel has to have one {ARCHIVE}; it has {len(found)}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            _copy_model_files(found[0], Path(folder))
            model = load(Path(folder))
    except (ModelUnreadable, tarfile.TarError, EOFError, OSError) as error:
        raise CustomerError(f"The model in the model channel cannot be used: {error}") from error
    for name in SAME:
        before, now = getattr(model.architecture, name), getattr(asked, name)
        if before != now:
            raise CustomerError(
                f"The model in the model channel has {name} {before}, and the hyperparameter is {now}: they have to be "
                "the same"
            )
    return model


def _copy_model_files(archive: Path, folder: Path) -> None:
    """The members that a model has, by their last names: nothing else of the archive is unpacked."""
    with tarfile.open(archive, "r:gz") as opened:
        for member in opened:
            name = PurePosixPath(member.name).name
            if not member.isfile() or not (name in (SYMBOL, SHAPES) or PARAMS.fullmatch(name)):
                continue
            if member.size > LARGEST_MEMBER:
                raise ModelUnreadable(f"{name} is larger than {LARGEST_MEMBER >> 30} GB")
            if content := opened.extractfile(member):
                (folder / name).write_bytes(content.read())
