"""The generated archive: deterministic, in CIFAR's own dialect, honest about itself, for any classes."""

import pickle
import pickletools
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from processing.cifar_archive import read_archive
from processing.cifar_classes import COARSE_NAMES, COARSE_OF_FINE, FINE_NAMES, OWN_NAMES
from processing.extract_cifar import TooFewClasses, UnknownClass
from processing.sample_archive import BadSampleSize, SampleSpec, write_sample_archive
from processing.sample_shapes import draw_shape

CLASSES = ("bicycle", "motorcycle")
SMALL = SampleSpec(6, 2, classes=CLASSES, noise_train_per_class=1, noise_test_per_class=1)


@pytest.fixture(scope="module")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "a.tar.gz"
    write_sample_archive(path, SMALL)
    return path


def test_same_spec_gives_the_same_bytes_and_another_seed_does_not(small_archive: Path, tmp_path: Path) -> None:
    write_sample_archive(tmp_path / "again", SMALL)
    write_sample_archive(tmp_path / "other", replace(SMALL, seed=1))
    assert (tmp_path / "again").read_bytes() == small_archive.read_bytes()
    assert (tmp_path / "other").read_bytes() != small_archive.read_bytes()


def test_archive_is_read_back_marked_as_generated(small_archive: Path) -> None:
    archive = read_archive(small_archive)
    assert archive.generated
    assert not archive.digest.official
    assert archive.class_names == (*FINE_NAMES, *OWN_NAMES)
    counts = np.bincount(archive.train.fine_labels, minlength=100)
    assert (counts[8], counts[48], counts.sum()) == (6, 6, 6 + 6 + 98 + len(OWN_NAMES))


def test_pickles_are_as_python_2_wrote_them(small_archive: Path) -> None:
    with tarfile.open(small_archive) as tar:
        for name in ("meta", "train", "test"):
            member = tar.extractfile(f"cifar-100-python/{name}")
            assert member is not None
            content = member.read()
            opcodes = {opcode.name for opcode, _, _ in pickletools.genops(content)}
            assert opcodes.isdisjoint({"BINUNICODE", "BINBYTES", "SHORT_BINBYTES", "FRAME", "MEMOIZE"})
            loaded = pickle.loads(content, encoding="bytes")
            assert all(isinstance(key, bytes) for key in loaded)
    assert loaded.keys() == {b"filenames", b"batch_label", b"fine_labels", b"coarse_labels", b"data"}
    pairs = zip(loaded[b"fine_labels"], loaded[b"coarse_labels"], strict=True)
    assert all(coarse == COARSE_OF_FINE[fine] for fine, coarse in pairs if fine < len(COARSE_OF_FINE))


def test_class_names_are_the_hundred_and_the_twenty() -> None:
    assert (len(set(FINE_NAMES)), len(set(COARSE_NAMES))) == (100, 20)
    assert (FINE_NAMES.index("bicycle"), FINE_NAMES.index("motorcycle")) == (8, 48)
    assert all(COARSE_OF_FINE.count(label) == 5 for label in range(20))
    assert COARSE_NAMES[COARSE_OF_FINE[8]] == COARSE_NAMES[COARSE_OF_FINE[48]] == "vehicles_1"


def test_every_class_can_be_drawn_and_no_two_look_the_same_from_the_same_dice() -> None:
    drawn = {draw_shape(label, np.random.default_rng(7)).tobytes() for label in range(100)}
    assert len(drawn) == 100


@pytest.mark.parametrize(
    ("spec", "refusal"),
    [
        (SampleSpec(classes=("bicycle",)), TooFewClasses),
        (SampleSpec(classes=("bicycle", "bicycle")), TooFewClasses),
        (SampleSpec(classes=("bicycle", "unicycle")), UnknownClass),
        (SampleSpec(train_per_class=0), BadSampleSize),
        (SampleSpec(seed=-1), BadSampleSize),
    ],
)
def test_impossible_archive_is_refused_and_not_begun(
    spec: SampleSpec, refusal: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(refusal):
        write_sample_archive(tmp_path / "a.tar.gz", spec)
    assert list(tmp_path.iterdir()) == []
