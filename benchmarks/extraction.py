"""Extraction against the usual notebook way, on an archive of CIFAR-100's full size, 50,000 + 10,000 rows.

The notebook way is the learner projects': unpack everything, put the pickle in a DataFrame, go through it a
row at a time, and save each wanted image with matplotlib. The bar is for rows taken by `iloc`; `iterrows`,
which is quicker and needs memory for every pixel as an object, is measured too. All sides start from the
same archive and end with PNG files, which are compared pixel by pixel. Imports are not counted.
"""

import pickle
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.figure import Figure, Promise, Spread
from benchmarks.result_file import write_result
from processing.extract_cifar import extract
from processing.sample_archive import SampleSpec, write_sample_archive

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # the backend is chosen first

NOTEBOOK = "the notebook way"
BY_ILOC = Promise(
    "extraction, times as fast as the notebook's rows by iloc", "ratio", "at least", 20.0, beside=NOTEBOOK
)
BY_ITERROWS = Promise("extraction, times as fast as the notebook's iterrows", "ratio", "at least", beside=NOTEBOOK)
PROMISES = (BY_ILOC, BY_ITERROWS)
CLASSES = {8: "bicycle", 48: "motorcycle"}
FULL_SIZE = SampleSpec(
    train_per_class=500,
    test_per_class=100,
    noise_train_per_class=500,
    noise_test_per_class=100,
    blocky_noise=False,
)


def run(work_dir: Path, spec: SampleSpec = FULL_SIZE) -> tuple[dict[str, Any], list[Figure]]:
    """Time all ways under work_dir (about 600 MB) and return seconds, images and both ratios.

    Raises RuntimeError when the ways' pictures differ.
    """
    archive = work_dir / "cifar-100-python.tar.gz"
    write_sample_archive(archive, spec)
    ours, by_iloc, by_iterrows = (work_dir / name for name in ("ours", "iloc", "iterrows"))

    # Being short, ours is timed three times, so that one hiccup of the machine does not decide.
    all_seconds = [
        _seconds(partial(extract, archive, output, list(CLASSES.values()), 0.1, seed=42))
        for output in (work_dir / "first", work_dir / "second", ours)
    ]
    our_seconds = statistics.median(all_seconds)
    iloc_seconds = _seconds(lambda: extract_like_a_notebook(archive, by_iloc, rows_by_iloc))
    iterrows_seconds = _seconds(lambda: extract_like_a_notebook(archive, by_iterrows, pd.DataFrame.iterrows))

    compare_pictures(ours, by_iterrows)
    details = {
        "images": compare_pictures(ours, by_iloc),
        "our_seconds": round(our_seconds, 3),
        "notebook_seconds": round(iloc_seconds, 3),
        "notebook_iterrows_seconds": round(iterrows_seconds, 3),
    }
    return details, [_faster(BY_ILOC, iloc_seconds, all_seconds), _faster(BY_ITERROWS, iterrows_seconds, all_seconds)]


def _faster(promise: Promise, notebook: float, ours: list[float]) -> Figure:
    return promise.found(notebook / statistics.median(ours), Spread.of([notebook / each for each in ours]))


def _seconds(way: Callable[[], object]) -> float:
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def rows_by_iloc(frame: pd.DataFrame) -> Iterator[tuple[Any, pd.Series]]:
    """The frame's rows as a notebook's `for i in range(len(frame)): frame.iloc[i]` sees them."""
    for index in range(len(frame)):
        yield index, frame.iloc[index]


def extract_like_a_notebook(
    archive: Path, output: Path, rows: Callable[[pd.DataFrame], Iterable[tuple[Any, pd.Series]]]
) -> None:
    """The usual way, kept as it is usually written. For archives made by ourselves only: it trusts them."""
    with tarfile.open(archive) as tar:
        tar.extractall(output / "unpacked")  # noqa: S202
    for split in ("train", "test"):
        with open(output / "unpacked" / "cifar-100-python" / split, "rb") as file:
            batch = pickle.load(file, encoding="bytes")  # noqa: S301
        (output / split).mkdir()
        frame = pd.DataFrame(batch[b"data"])
        frame["label"] = batch[b"fine_labels"]
        frame["filename"] = [name.decode() for name in batch[b"filenames"]]
        for index, row in rows(frame):
            if row["label"] not in CLASSES:
                continue
            pixels = row.iloc[:3072].to_numpy(dtype=np.uint8)
            image = np.dstack([pixels[start : start + 1024].reshape(32, 32) for start in (0, 1024, 2048)])
            plt.imsave(output / split / f"{index:05d}_{row['filename']}", image)


def compare_pictures(ours: Path, notebook: Path) -> int:
    """The number of pictures, when both ways wrote the same ones. Raises RuntimeError when they did not."""
    # Both ways name a picture by split and row; ours keeps part of the training rows for validation.
    mine = {("test", file.name.split("_")[1]): file for file in (ours / "test").iterdir()}
    kept = [file for part in ("train", "validation") for file in (ours / part).iterdir()]
    mine |= {("train", file.name.split("_")[1]): file for file in kept}
    theirs = {(split, file.name[:5]): file for split in ("train", "test") for file in (notebook / split).iterdir()}
    if mine.keys() != theirs.keys():
        raise RuntimeError(f"the two ways chose different rows: {sorted(mine.keys() ^ theirs.keys())[:5]}")
    for key, file in mine.items():
        with Image.open(file) as my_image, Image.open(theirs[key]) as their_image:
            if not np.array_equal(np.asarray(my_image), np.asarray(their_image.convert("RGB"))):
                raise RuntimeError(f"{file} and {theirs[key]} differ")
    return len(mine)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        result, (by_iloc, by_iterrows) = run(Path(folder))
    print(f"{'way':<40}{'seconds':>10}")
    print(f"{'notebook, rows by iloc':<40}{result['notebook_seconds']:>10.2f}")
    print(f"{'notebook, rows by iterrows':<40}{result['notebook_iterrows_seconds']:>10.2f}")
    print(f"{'processing.extract_cifar':<40}{result['our_seconds']:>10.2f}")
    verdict = "passed" if by_iloc.passed else "FAILED"
    print(f"{result['images']} pictures, the same pixel by pixel")
    print(f"{by_iloc.value:.1f} times as fast, bar {BY_ILOC.bar}: {verdict}")
    write_result("extraction", result, [by_iloc, by_iterrows])
    return 0 if by_iloc.passed else 1


if __name__ == "__main__":
    sys.exit(main())
