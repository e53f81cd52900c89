"""Generates an archive in CIFAR-100's own format: drawings of two or more classes, noise under the others.

For trying the project where the real archive cannot be had. The archive says of itself that it is
generated.
"""

import argparse
import gzip
import io
import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processing.cifar_archive import GENERATED_MARKER, META, TEST, TRAIN
from processing.cifar_classes import COARSE_NAMES, COARSE_OF_FINE, FINE_NAMES, OWN_NAMES
from processing.exit_message import ProcessingFailure, run_script
from processing.extract_cifar import resolve_classes
from processing.python2_pickle import dump_python2
from processing.sample_shapes import draw_noise, draw_shape
from processing.sample_vehicles import draw_bicycle, draw_motorcycle
from processing.staged_output import staged_file

_DRAWN = {"bicycle": draw_bicycle, "motorcycle": draw_motorcycle}
_NAMES = (*FINE_NAMES, *OWN_NAMES)
_COARSE_NAMES = (*COARSE_NAMES, "pictures") if OWN_NAMES else COARSE_NAMES
_COARSE_OF = (*COARSE_OF_FINE, *(len(COARSE_NAMES) for _ in OWN_NAMES))


class BadSampleSize(ProcessingFailure):
    """A number of images that no archive can have."""


@dataclass(frozen=True)
class SampleSpec:
    """What an archive holds: images a class and split, the classes drawn, and noise for each of the others.

    The same spec gives the same bytes. `blocky_noise` False makes noise that compresses as photographs do.
    """

    train_per_class: int = 400
    test_per_class: int = 100
    seed: int = 0
    classes: tuple[str, ...] = ("bicycle", "motorcycle")
    noise_train_per_class: int = 12
    noise_test_per_class: int = 3
    blocky_noise: bool = True


@dataclass(frozen=True)
class _Rows:
    images: NDArray[np.uint8]
    fine_labels: list[int]
    file_names: list[bytes]


def write_sample_archive(output: Path, spec: SampleSpec) -> None:
    """Write the archive, replacing any at `output`.

    Raises TooFewClasses, UnknownClass, BadSampleSize, OutputNotWritable; then no new file is there.
    """
    drawn = resolve_classes(spec.classes, _NAMES)
    if min(spec.train_per_class, spec.test_per_class) < 1 or spec.seed < 0:
        raise BadSampleSize("a sample archive needs at least one image a class and split, and a seed of 0 or more")
    marker = json.dumps({"generated_by": "processing.sample_archive", **asdict(spec)}, indent=2) + "\n"
    members = {
        META: dump_python2(
            {
                b"fine_label_names": [name.encode() for name in _NAMES],
                b"coarse_label_names": [name.encode() for name in _COARSE_NAMES],
            }
        ),
        TRAIN: _batch(spec, drawn, "train", spec.train_per_class, spec.noise_train_per_class),
        TEST: _batch(spec, drawn, "test", spec.test_per_class, spec.noise_test_per_class),
        GENERATED_MARKER: marker.encode(),
    }
    write_archive(output, members)


def write_archive(output: Path, members: Mapping[str, bytes]) -> None:
    """Write a .tar.gz of regular files, given by path; the same members give the same bytes.

    Raises OutputNotWritable; then no new file is there.
    """
    with (
        staged_file(output) as staging,
        staging.open("wb") as file,
        # No name and no time in the gzip header, so that it says nothing of where and when.
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))


def _batch(spec: SampleSpec, drawn: Sequence[int], split: str, per_class: int, noise_per_class: int) -> bytes:
    rng = np.random.default_rng([spec.seed, 0 if split == "train" else 1])
    parts = [_draw_class(label, per_class, rng) for label in drawn]
    parts.append(_noise([label for label in range(len(_NAMES)) if label not in drawn], noise_per_class, rng, spec))
    images = np.concatenate([part.images for part in parts])
    labels = [label for part in parts for label in part.fine_labels]
    names = [name for part in parts for name in part.file_names]
    order = rng.permutation(len(labels)).tolist()
    return dump_python2(
        {
            b"filenames": [names[row] for row in order],
            b"batch_label": f"generated, {split}".encode(),
            b"fine_labels": [labels[row] for row in order],
            b"coarse_labels": [_COARSE_OF[labels[row]] for row in order],
            b"data": images[order].transpose(0, 3, 1, 2).reshape(len(order), -1),
        }
    )


def _draw_class(fine_label: int, count: int, rng: np.random.Generator) -> _Rows:
    name = _NAMES[fine_label]
    vehicle = _DRAWN.get(name)
    images = [vehicle(rng) if vehicle else draw_shape(fine_label, rng) for _ in range(count)]
    names = [f"drawn_{name}_s_{number:06d}.png".encode() for number in range(count)]
    return _Rows(np.stack(images), [fine_label] * count, names)


def _noise(fine_labels: Sequence[int], per_class: int, rng: np.random.Generator, spec: SampleSpec) -> _Rows:
    labels = [label for label in fine_labels for _ in range(per_class)]
    names = [f"filler_s_{number:06d}.png".encode() for number in range(len(labels))]
    return _Rows(draw_noise(len(labels), rng, spec.blocky_noise), labels, names)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    defaults = SampleSpec()
    parser = argparse.ArgumentParser(prog="python3 -m processing.sample_archive", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the .tar.gz to write")
    parser.add_argument("--train-per-class", type=int, default=defaults.train_per_class)
    parser.add_argument("--test-per-class", type=int, default=defaults.test_per_class)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--classes", default=",".join(defaults.classes), help="which of the fine classes to draw")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)

    def script() -> None:
        classes = tuple(name.strip() for name in options.classes.split(",") if name.strip())
        spec = SampleSpec(options.train_per_class, options.test_per_class, options.seed, classes)
        write_sample_archive(options.output, spec)
        print(
            f"{options.output}: {', '.join(classes)} drawn, "
            f"{spec.train_per_class} training and {spec.test_per_class} test images each"
        )

    return run_script(script)


if __name__ == "__main__":
    sys.exit(main())
