"""The pipeline's jobs without a pipeline: the same scripts as processes, with what their containers would give them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.training.pretrained_model import installed_weights
from processing.calibration import expected_calibration_error, reliability

ROOT = Path(__file__).resolve().parent.parent
SHARED_SUBSET = ROOT.parent / "shared" / "data" / "cifar-100-subset.tar.gz"
RECORD_PREPROCESSOR = ROOT / "model_monitor" / "record_preprocessor.py"
CLASSES = 2
ANALYZER = ROOT / "local_aws" / "images" / "sagemaker_model_monitor_analyzer.py"

# What a person would write to score a folder with the serving code that training left in the model folder.
SCORE = """
import pathlib, sys
from inference import input_fn, model_fn, output_fn, predict_fn
model = model_fn(sys.argv[1])
answers = pathlib.Path(sys.argv[3])
for path in sorted(pathlib.Path(sys.argv[2]).glob("*.png")):
    data = input_fn(path.read_bytes(), "image/png")
    (answers / (path.name + ".out")).write_text(output_fn(predict_fn(data, model), "application/json")[0])
"""


def find_archive(work_dir: Path) -> Path:
    """The given archive ($SCONES_CIFAR_ARCHIVE), the shared one, or one generated under work_dir."""
    if "SCONES_CIFAR_ARCHIVE" in os.environ:
        return Path(os.environ["SCONES_CIFAR_ARCHIVE"]).resolve()
    if SHARED_SUBSET.exists():
        return SHARED_SUBSET
    generated = work_dir / "cifar-100-python.tar.gz"
    _run([sys.executable, "-m", "processing.sample_archive", "--output", str(generated)], ROOT)
    return generated


def extract(archive: Path, output: Path) -> None:
    """ExtractCifar's command on a folder that holds just this archive."""
    archive_dir = output.with_name("archive")
    archive_dir.mkdir(parents=True)
    shutil.copy(archive, archive_dir)
    places = ["--archive-dir", str(archive_dir), "--output-dir", str(output)]
    _run([sys.executable, "-m", "processing.extract_cifar", *places], ROOT)


def train(data: Path, job: Path, model: Path, seed: int, epochs: int | None) -> None:
    """TrainClassifier's: train.py from a copy of its folder, as the container has the unpacked sourcedir.tar.gz."""
    code = job / "code"
    shutil.copytree(ROOT / "training", code, ignore=shutil.ignore_patterns("__pycache__"))
    (job / "output").mkdir()
    channels = ("train", "validation", "train_lst", "validation_lst")
    environment = {f"SM_CHANNEL_{channel.upper()}": str(data / channel) for channel in channels}
    environment |= {"SM_MODEL_DIR": str(model), "SM_OUTPUT_DIR": str(job / "output"), "SM_NUM_CPUS": "2"}
    environment["SM_CHANNEL_PRETRAINED_MODEL"] = str(installed_weights().parent)
    command = [sys.executable, "train.py", "--seed", str(seed), "--checkpoint-dir", str(job / "checkpoints")]
    _run(command + ([] if epochs is None else ["--epochs", str(epochs)]), code, environment)


def perturb(data: Path) -> None:
    """PerturbTestSet's command: the test images and their perturbed copies, under data/images."""
    places = ["--test-dir", str(data / "test"), "--test-lst-dir", str(data / "test_lst"), "--output-dir", str(data)]
    _run([sys.executable, "-m", "processing.perturb_test_set", *places], ROOT)


def score(data: Path, model: Path, answers: Path, pictures: str = "test") -> float:
    """The model folder's own serving code on a folder of pictures, the test images among them; returns the share of
    these answered rightly. ScoreTestSet's are in `images`, as `perturb` made them."""
    answers.mkdir(parents=True)
    command = [sys.executable, "-c", SCORE, str(model), str(data / pictures), str(answers)]
    _run(command, ROOT, {"PYTHONPATH": str(model / "code")})
    _, right = judge(data, answers)
    return float(right.mean())


def judge(data: Path, answers: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How sure each answer to a test image is, and whether it is right, in the order of test.lst."""
    lines = (data / "test_lst" / "test.lst").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    said = np.array([json.loads((answers / f"{name}.out").read_text()) for _, _, name in rows])
    return said.max(axis=1), said.argmax(axis=1) == np.array([int(label) for _, label, _ in rows])


def calibration_error(data: Path, answers: Path) -> float:
    """The expected calibration error of the answers to the test images, as the evaluation has it: 0..1."""
    confidence, right = judge(data, answers)
    return expected_calibration_error(reliability(confidence, right, CLASSES))


def evaluate(data: Path, answers: Path, output: Path, monitoring: Path | None = None) -> None:
    """EvaluateModel's; what the monitor's baselines are made of goes into `monitoring`."""
    given = {"transform-dir": answers, "test-dir": data / "test", "test-lst-dir": data / "test_lst"}
    given |= {"report-dir": data / "report", "output-dir": output}
    if monitoring:
        given |= {"record-preprocessor": RECORD_PREPROCESSOR, "monitoring-dir": monitoring}
    flags = [text for name, path in given.items() for text in (f"--{name}", str(path))]
    _run([sys.executable, "-m", "processing.evaluate", *flags, "--accuracy-threshold", "0.5"], ROOT)


def data_quality_baseline(monitoring: Path, job: Path) -> None:
    """DataQualityBaseline's: the analyzer image's own module on the test images' features."""
    _analyse(monitoring / "features.csv", job, {})


def model_quality_baseline(monitoring: Path, job: Path) -> None:
    """ModelQualityBaseline's: the same on the answers and labels."""
    attributes = {"probability": "probability", "inference": "prediction", "ground_truth": "label"}
    columns = {f"{name}_attribute": column for name, column in attributes.items()}
    _analyse(
        monitoring / "quality.csv",
        job,
        {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification", **columns},
    )


def _analyse(dataset: Path, job: Path, more: dict[str, str]) -> None:
    source, output = job / "input", job / "output"
    source.mkdir(parents=True)
    output.mkdir()
    shutil.copy(dataset, source)
    environment = {
        "SAGEMAKER_BASE_DIR": str(job),
        "dataset_format": json.dumps({"csv": {"header": True}}),
        "dataset_source": str(source),
        "output_path": str(output),
        "publish_cloudwatch_metrics": "Disabled",
    }
    _run([sys.executable, str(ANALYZER), "process"], job, {**environment, **more})
    if not (output / "constraints.json").is_file():
        raise FileNotFoundError(f"the analyzer wrote no constraints.json for {dataset}")


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    subprocess.run(
        command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, check=True
    )
