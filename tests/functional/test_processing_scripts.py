"""The processing scripts as the container runs them: processes, folders, exit codes and the one line."""

import csv
import hashlib
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processing.image_list import read_image_list
from processing.perturbations import PERTURBATIONS, SAMPLE_IMAGES
from processing.python2_pickle import dump_python2
from processing.sample_archive import write_archive
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("train", "validation", "test", "train_lst", "validation_lst", "test_lst", "report")
PREPROCESSOR = ROOT / "model_monitor" / "record_preprocessor.py"
CLASS_NAMES = [b"apple", b"bicycle", b"motorcycle"]


def run(
    module: str, *arguments: object, cwd: Path, preexec: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """A script run as the job runs it, with its message file in cwd."""
    return subprocess.run(
        [sys.executable, "-m", f"processing.{module}", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SM_PROCESSING_FAILURE_FILE": str(cwd / "message")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        preexec_fn=preexec,
    )


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory, cifar_archive_path: Path) -> Path:
    """Two extractions of one archive, `first` and `second`, over folders made beforehand as by SageMaker."""
    base = tmp_path_factory.mktemp("extracted")
    (base / "archive").mkdir()
    (base / "archive" / "given.tar.gz").symlink_to(cifar_archive_path)
    for output in ("first", "second"):
        for folder in FOLDERS:
            (base / output / folder).mkdir(parents=True)
        done = run("extract_cifar", "--archive-dir", base / "archive", "--output-dir", base / output, cwd=base)
        assert (done.returncode, done.stderr) == (0, "")
    return base


def test_extraction_fills_the_folders_that_each_output_is_uploaded_from(extracted: Path) -> None:
    first = extracted / "first"
    assert sorted(path.name for path in first.iterdir()) == sorted(FOLDERS)
    report = json.loads((first / "report" / "dataset_report.json").read_text())
    for split in ("train", "validation", "test"):
        listed = read_image_list(first / f"{split}_lst" / f"{split}.lst")
        assert len(listed) == report["counts"][split]["total"] == len(files(first / split))
        assert {image.label for image in listed} == {0, 1}
    names = [Path(name).name for split in ("train", "validation", "test") for name in files(first / split)]
    assert len(set(names)) == len(names)
    assert not (extracted / "message").exists()


def test_extracting_twice_gives_the_same_bytes(extracted: Path) -> None:
    first, second = extracted / "first", extracted / "second"
    assert files(first) == files(second)
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files(first))


def test_new_images_join_the_training_images_alone(extracted: Path, tmp_path: Path) -> None:
    first, new = extracted / "first", tmp_path / "new"
    for name in ("bicycle", "motorcycle"):
        (new / name).mkdir(parents=True)
    (new / "manifest.json").write_text("{}")
    rng = np.random.default_rng(0)
    for number in range(3):
        picture = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
        picture.save(new / "motorcycle" / f"{number}.jpg")
    for split in ("test", "validation", "train"):
        name = files(first / split)[0]
        shutil.copy(first / split / name, new / "bicycle" / name)
    (new / "bicycle" / "torn.png").write_bytes(b"\x89PNG")
    arguments = ("--archive-dir", extracted / "archive", "--new-images-dir", new, "--output-dir", "out")
    done = run("extract_cifar", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "new images: 7 files, 3 added to train\nnew image 'bicycle/torn.png' left out: " in done.stdout

    report = json.loads((tmp_path / "out" / "report" / "dataset_report.json").read_text())["new_images"]
    assert (report["duplicates_of_test_refused"], report["duplicates_of_validation_refused"]) == (1, 1)
    assert report["added"] == {"bicycle": 0, "motorcycle": 3, "total": 3}
    for folder in ("validation", "validation_lst", "test", "test_lst"):
        assert files(tmp_path / "out" / folder) == files(first / folder)
    added = set(files(tmp_path / "out" / "train")) - set(files(first / "train"))
    assert len(added) == 3
    labels = {image.file_name: image.label for image in read_image_list(tmp_path / "out" / "train_lst" / "train.lst")}
    assert {labels[name] for name in added} == {1}


def test_new_images_of_an_unknown_class_are_refused_in_one_line(extracted: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / "scooter").mkdir(parents=True)
    arguments = ("--archive-dir", extracted / "archive", "--new-images-dir", "new", "--output-dir", "out")
    done = run("extract_cifar", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("NewImagesUnusable: new images of 'scooter': there is no such class")
    assert not (tmp_path / "out").exists()


class RunsACommand:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


def members(**changes: bytes | None) -> dict[str, bytes]:
    """A small archive's members; one given as None is left out."""
    rng = np.random.default_rng(0)
    batch = dump_python2(
        {
            b"data": rng.integers(0, 256, (30, 3072), dtype=np.uint8),
            b"fine_labels": [row % 3 for row in range(30)],
            b"filenames": [f"{row}.png".encode() for row in range(30)],
        }
    )
    meta = dump_python2({b"fine_label_names": CLASS_NAMES})
    contents = {"meta": meta, "train": batch, "test": batch[:-100] + bytes(100), **changes}
    return {f"cifar-100-python/{name}": content for name, content in contents.items() if content is not None}


def one_class() -> bytes:
    pixels = np.zeros((3, 3072), dtype=np.uint8)
    return dump_python2({b"data": pixels, b"fine_labels": [1, 1, 1], b"filenames": [b"a", b"b", b"c"]})


BAD_ARCHIVES: dict[str, Callable[[Path], None]] = {
    "ArchiveMissing": lambda path: None,
    "ArchiveTruncated": lambda path: _cut(path),
    "NotATarArchive": lambda path: _bytes(path, b"<html>404 Not Found</html>"),
    "UnsafeArchiveMember": lambda path: write_archive(path, {"../evil": b"x", **members()}),
    "ForbiddenPickle": lambda path: write_archive(
        path, members(train=pickle.dumps(RunsACommand(f"touch {path.parent}/evidence"), protocol=2))
    ),
    "MalformedBatch": lambda path: write_archive(
        path, members(train=dump_python2({b"data": b"", b"fine_labels": [0]}))
    ),
    "UnknownClass": lambda path: write_archive(
        path,
        members(
            test=members()["cifar-100-python/train"],
            meta=dump_python2({b"fine_label_names": [b"a", b"b", b"c"]}),
        ),
    ),
    "TooFewClasses": lambda path: write_archive(path, members(test=one_class())),
}


def _bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _cut(path: Path) -> None:
    write_archive(path, members())
    path.write_bytes(path.read_bytes()[:-2000])


@pytest.mark.parametrize("refusal", sorted(BAD_ARCHIVES))
def test_bad_archive_is_refused_in_one_line_and_nothing_is_written(refusal: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    BAD_ARCHIVES[refusal](tmp_path / "in" / "a.tar.gz")
    given = files(tmp_path / "in")
    done = run("extract_cifar", "--archive-dir", "in", "--output-dir", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"{refusal}: ")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "message").read_text() == done.stderr
    assert not (tmp_path / "out").exists()
    assert files(tmp_path / "in") == given


def test_archive_with_another_md5_is_refused(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.tar.gz", members())
    done = run("extract_cifar", "--archive-dir", ".", "--output-dir", "out", "--expected-md5", "0" * 32, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("ArchiveDigestMismatch: a.tar.gz has MD5 ")
    assert not (tmp_path / "out").exists()


def limit_file_size_to(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_write_that_fails_midway_is_one_line_and_leaves_nothing(extracted: Path, tmp_path: Path) -> None:
    # No file above 2,500 bytes: the first pictures fit, a later one does not, as on a disk that fills up.
    (tmp_path / "out" / "train").mkdir(parents=True)
    done = run(
        "extract_cifar",
        *("--archive-dir", extracted / "archive", "--output-dir", "out"),
        cwd=tmp_path,
        preexec=limit_file_size_to(2500),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("OutputNotWritable: cannot write ")
    assert done.stderr.count("\n") == 1
    assert [str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*")] == ["train"]


def test_sample_archive_that_cannot_be_finished_is_not_left_behind(tmp_path: Path) -> None:
    arguments = ("--output", "a.tar.gz", "--train-per-class", 2, "--test-per-class", 1)
    done = run("sample_archive", *arguments, cwd=tmp_path, preexec=limit_file_size_to(10_000))
    assert done.returncode == 1
    assert done.stderr.startswith("OutputNotWritable: ")
    assert files(tmp_path) == ["message"]


@pytest.fixture(scope="module")
def perturbed(extracted: Path) -> Path:
    """The extracted test images and their perturbed copies."""
    first = extracted / "first"
    (extracted / "perturbed" / "images").mkdir(parents=True)
    places = ("--test-dir", first / "test", "--test-lst-dir", first / "test_lst", "--output-dir", "perturbed")
    done = run("perturb_test_set", *places, cwd=extracted)
    assert (done.returncode, done.stderr) == (0, "")
    return extracted / "perturbed" / "images"


def test_perturbing_keeps_the_test_images_as_they_are_and_adds_their_copies(extracted: Path, perturbed: Path) -> None:
    test = extracted / "first" / "test"
    originals = files(test)
    assert all((perturbed / name).read_bytes() == (test / name).read_bytes() for name in originals)
    copies = set(files(perturbed)) - set(originals)
    assert len(copies) == min(SAMPLE_IMAGES, len(originals)) * len(PERTURBATIONS)
    mirrored = next(name for name in sorted(copies) if name.endswith(".mirrored.png"))
    with Image.open(perturbed / mirrored) as copy, Image.open(test / mirrored.replace(".mirrored", "")) as original:
        assert (np.asarray(copy) == np.asarray(original.convert("RGB"))[:, ::-1]).all()


def test_perturbing_refuses_a_list_of_pictures_that_are_not_there(extracted: Path, tmp_path: Path) -> None:
    lists = extracted / "first" / "test_lst"
    done = run("perturb_test_set", "--test-dir", ".", "--test-lst-dir", lists, "--output-dir", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("TestImageUnusable: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def answered(extracted: Path, perturbed: Path, tmp_path: Path) -> Path:
    """Transform output for the test images below tmp_path/transform: every tenth is wrong, and every greyscale copy
    is answered otherwise than its original."""
    folder = tmp_path / "transform" / "some" / "prefix"
    folder.mkdir(parents=True)
    for number, image in enumerate(read_image_list(extracted / "first" / "test_lst" / "test.lst")):
        right = 0.3 if number % 10 == 0 else 0.9
        answer = [right, round(1 - right, 2)] if image.label == 0 else [round(1 - right, 2), right]
        (folder / f"{image.file_name}.out").write_text(json.dumps(answer))
        for copy in perturbed.glob(f"{Path(image.file_name).stem}.*.png"):
            said = answer[::-1] if copy.name.endswith(".greyscale.png") else answer
            (folder / f"{copy.name}.out").write_text(json.dumps(said))
    return tmp_path


def evaluate(extracted: Path, answered: Path, threshold: float, *more: object) -> subprocess.CompletedProcess[str]:
    first = extracted / "first"
    inputs = (
        "--test-dir",
        first / "test",
        "--test-lst-dir",
        first / "test_lst",
        "--report-dir",
        first / "report",
    )
    outputs = ("--output-dir", "evaluation", "--accuracy-threshold", threshold)
    return run("evaluate", "--transform-dir", "transform", *inputs, *outputs, *more, cwd=answered)


def test_evaluation_writes_figures_and_evidence_and_leaves_acting_to_the_pipeline(
    extracted: Path, answered: Path
) -> None:
    done = evaluate(extracted, answered, threshold=0.95)
    assert (done.returncode, done.stderr) == (0, "")
    output = answered / "evaluation"
    plots = [
        f"plots/{name}.png"
        for name in ("confidence_histogram", "confusion_matrix", "coverage_curve", "roc_curve", "worst_mistakes")
    ]
    assert files(output) == ["evaluation.json", "model_card.json", *plots, "predictions.csv", "report.html"]

    document = json.loads((output / "evaluation.json").read_text())
    metrics = document["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] == pytest.approx(0.9)
    accuracy, champion = document["gates"]
    assert accuracy == {
        "name": "accuracy",
        "value": 0.9,
        "bar": 0.95,
        "passed": False,
        "gap": pytest.approx(-0.05),
    }
    assert champion == {"name": "champion", "value": None, "bar": 0.05, "passed": True, "gap": None}
    assert document["outcomes"] == {"accuracy": "failed", "champion": "passed"}
    assert document["rejection"] == "accuracy 0.9 is below AccuracyThreshold 0.95"
    assert {test["name"]: test["share"] for test in document["behaviour"]} == {
        name: float(name == "greyscale") for name in PERTURBATIONS
    }
    assert json.loads((output / "model_card.json").read_text())["evaluation_details"][0]["metric_groups"]
    assert "Not good enough" in (output / "report.html").read_text()
    assert document["dataset"] == json.loads((extracted / "first" / "report" / "dataset_report.json").read_text())
    assert document["classes"] == ["bicycle", "motorcycle"]

    with open(output / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image_sha256", "file_name", "label", "p_bicycle", "p_motorcycle"]
    assert (
        len(rows) == document["test_images"] == sum(sum(row.values()) for row in metrics["confusion_matrix"].values())
    )
    with Image.open(extracted / "first" / "test" / rows[0]["file_name"]) as image:
        assert rows[0]["image_sha256"] == hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()
    for plot in plots:
        with Image.open(output / plot) as image:
            assert np.asarray(image.convert("L")).std() > 5


def test_with_a_record_preprocessor_the_evaluation_writes_what_the_monitors_baselines_are_made_of(
    extracted: Path, answered: Path
) -> None:
    wanted = ("--record-preprocessor", PREPROCESSOR, "--monitoring-dir", "monitoring")
    # ready-made and empty, as a processing job's output folder is
    (answered / "monitoring").mkdir()
    done = evaluate(extracted, answered, 0.95, *wanted)
    assert (done.returncode, done.stderr) == (0, "")
    assert files(answered / "monitoring") == ["features.csv", "quality.csv"]
    with open(answered / "evaluation" / "predictions.csv", newline="") as file:
        predictions = list(csv.DictReader(file))
    with open(answered / "monitoring" / "features.csv", newline="") as file:
        features = list(csv.DictReader(file))
    assert len(features) == len(predictions) and {row["readable"] for row in features} == {"1"}
    with open(answered / "monitoring" / "quality.csv", newline="") as file:
        quality = list(csv.DictReader(file))
    for said, seen, judged in zip(predictions, features, quality, strict=True):
        likelier = max(float(said["p_bicycle"]), float(said["p_motorcycle"]))
        assert float(seen["confidence"]) == pytest.approx(likelier)
        assert (judged["probability"], judged["label"]) == (said["p_motorcycle"], said["label"])
        assert judged["prediction"] == str(int(seen["predicted_class"] == "motorcycle"))


def test_a_record_preprocessor_that_raises_is_one_line_and_leaves_nothing(extracted: Path, answered: Path) -> None:
    (answered / "broken.py").write_text("def preprocess_handler(record):\n    raise ValueError('no such thing')\n")
    done = evaluate(extracted, answered, 0.5, "--record-preprocessor", "broken.py", "--monitoring-dir", "monitoring")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    first = read_image_list(extracted / "first" / "test_lst" / "test.lst")[0].file_name
    assert done.stderr.startswith(f"PreprocessorFailed: the record preprocessor raised ValueError on {first}: no such")
    assert not (answered / "monitoring").exists() and not (answered / "evaluation").exists()
    done = evaluate(extracted, answered, 0.5, "--record-preprocessor", "broken.py")
    assert done.returncode == 2 and "belong together" in done.stderr


def test_evaluation_refuses_a_missing_answer_in_one_line(extracted: Path, answered: Path) -> None:
    next((answered / "transform").rglob("*.out")).unlink()
    done = evaluate(extracted, answered, threshold=0.85)
    assert done.returncode == 1
    assert done.stderr.startswith("PredictionMissing: ")
    assert done.stderr.count("\n") == 1
    assert not (answered / "evaluation").exists()


def as_champion(folder: Path, predictions: str) -> Path:
    folder.mkdir()
    (folder / "predictions.csv").write_text(predictions)
    return folder


def test_a_candidate_is_compared_with_the_predictions_of_the_champion(extracted: Path, answered: Path) -> None:
    assert evaluate(extracted, answered, 0.85).returncode == 0
    own = (answered / "evaluation" / "predictions.csv").read_text()
    shutil.rmtree(answered / "evaluation")
    better = [[*row[:3], *("01" if row[2] == "1" else "10")] for row in csv.reader(own.splitlines()[1:])]
    flawless = "\n".join([own.splitlines()[0], *(",".join(row) for row in better)])
    as_champion(answered / "same", own)
    as_champion(answered / "flawless", flawless)

    assert evaluate(extracted, answered, 0.85, "--champion-dir", "same").returncode == 0
    document = json.loads((answered / "evaluation" / "evaluation.json").read_text())
    assert document["outcomes"] == {"accuracy": "passed", "champion": "passed"}
    assert (document["champion"]["shared_images"], document["champion"]["difference"]) == (document["test_images"], 0)
    shutil.rmtree(answered / "evaluation")

    assert evaluate(extracted, answered, 0.85, "--champion-dir", "flawless").returncode == 0
    document = json.loads((answered / "evaluation" / "evaluation.json").read_text())
    assert document["outcomes"] == {"accuracy": "passed", "champion": "failed"}
    assert document["champion"]["only_champion_right"] == document["test_images"] / 10
    assert document["rejection"].startswith("significantly worse than the champion: p-value ")


@pytest.mark.parametrize("content", ["", "not,a,header\n", "image_sha256,file_name,label,p_motorcycle,p_bicycle\n"])
def test_a_damaged_champion_is_refused_in_one_line_and_nothing_is_written(
    extracted: Path, answered: Path, content: str
) -> None:
    as_champion(answered / "champion", content)
    done = evaluate(extracted, answered, 0.85, "--champion-dir", "champion")
    assert done.returncode == 1
    assert done.stderr.startswith("ChampionUnusable: champion/predictions.csv")
    assert "--param ChampionPredictionsUri=" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (answered / "evaluation").exists()


def test_what_the_pipeline_tells_stands_in_the_report(extracted: Path, answered: Path) -> None:
    told = (
        "--fact",
        "code_version=0123abc",
        "--parameter",
        "Epochs=7",
        "--job",
        "TrainClassifier,ml.m5.xlarge,1,100,160",
    )
    assert evaluate(extracted, answered, 0.85, *told).returncode == 0
    page = (answered / "evaluation" / "report.html").read_text()
    for text in ("0123abc", "--param Epochs=7", "TrainClassifier", "60.0\u00a0s"):
        assert text in page
    assert len(page) < 1_000_000


def test_a_fact_of_another_form_is_refused_in_one_line(extracted: Path, answered: Path) -> None:
    done = evaluate(extracted, answered, 0.85, "--job", "TrainClassifier")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("MalformedLineage: --job TrainClassifier: write ")
