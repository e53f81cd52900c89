"""A project stamped for bus and streetcar, with the Python that runs this test: its own tests pass there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processing.cifar_archive import read_archive
from processing.extract_cifar import extract
from processing.sample_shapes import draw_shape
from seed_code.picture_archive import Counts
from seed_code.stamp_identity import StampRefused
from seed_code.stamp_project import Wanted, stamp_project
from tests.waiting import SLOW_PATIENCE_SECONDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SCONES = [sys.executable, "-c", "from pipelines.cli import main; main()"]
# where classes and names decide: the definition compiled and compared, the workflow, the preprocessor, the queue
SELECTION = (
    "tests/contract/test_definition_golden.py",
    "tests/contract/test_definition_image_classification.py",
    "tests/contract/test_inference_workflow_definitions.py",
    "tests/unit/test_inference_workflow_filter.py",
    "tests/unit/test_monitor_record_preprocessor.py",
    "tests/unit/test_pipelines_workflow_review_queue.py",
    "tests/unit/test_model_monitor_cron.py",
    "tests/unit/test_training_arguments.py",
)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_", "PYTEST_"))}
    environment = {**kept, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SLOW_PATIENCE_SECONDS
    )


def new(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run([*SCONES, "new", *arguments], ROOT)


@pytest.fixture(scope="module")
def transit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stamped") / "transit"
    done = new("city-transit", "--classes", "13,81", "--output", str(folder))
    assert done.returncode == 0, done.stderr
    assert "city-transit tells bus from streetcar" in done.stdout
    assert [each.name for each in folder.parent.iterdir()] == ["transit"], "nothing else is left"
    return folder


def test_its_own_tests_pass_and_its_pipeline_compiles(transit: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not two_processes", *SELECTION]
    done = run(command, transit)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "skipped" not in done.stdout


def test_its_own_lint_finds_nothing_to_format(transit: Path) -> None:
    done = run([sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "."], transit)
    assert done.returncode == 0, done.stdout
    for command in (".ci/run",):
        assert not (ROOT / command).exists() or os.access(transit / command, os.X_OK)


def test_it_does_not_stamp_further(transit: Path) -> None:
    done = run([*SCONES, "--help"], transit)
    assert done.returncode == 0, done.stderr
    assert "tells bus from streetcar" in done.stdout
    assert "\n  new " not in done.stdout


def test_what_will_not_do_is_refused_in_one_line_and_leaves_nothing(transit: Path, tmp_path: Path) -> None:
    output = tmp_path / "made"
    refusals = {
        Wanted("x", "bus,tram", output): "CIFAR-100 has no class 'tram'",
        Wanted("x", "bus,bus", output): "--classes names bus twice",
        Wanted("x-", "bus,worm", output): "NAME 'x-' is none that SageMaker takes",
        Wanted("x", "bus,worm", transit): f"{transit} is not empty",
        Wanted("x", "bus,worm", transit / "setup.py"): "is a file",
        Wanted("x", "bus,worm", ROOT / "build" / "x"): "is inside this repository",
        Wanted("x", None, output, output): f"--pictures {output} is no folder",
    }
    for wanted, line in refusals.items():
        with pytest.raises(StampRefused) as refused:
            stamp_project(wanted)
        assert line in str(refused.value) and "\n" not in str(refused.value)
    done = new("x", "--output", str(output))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("scones: which classes? ") and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_pictures_become_an_archive_that_the_pipeline_reads(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(120):
            kind = "jpg" if number % 2 else "png"
            picture = Image.fromarray(draw_shape(label, rng)).resize((48, 40))
            picture.save(tmp_path / "pictures" / name / f"{number:03}.{kind}")
    output = tmp_path / "made"
    output.mkdir()
    stamped = stamp_project(Wanted("pets", None, output, tmp_path / "pictures"))
    assert stamped.pictures == {"cat": Counts(96, 24), "dog": Counts(96, 24)}

    archive = output / "data" / "cifar-100-python.tar.gz"
    assert not read_archive(archive).generated
    report = extract(archive, tmp_path / "extracted", ["cat", "dog"], 0.1, 42)
    assert report["classes"]["cat"] == {"fine_label": 100, "label": 0}
    assert report["counts"]["test"] == {"cat": 24, "dog": 24, "total": 48}
    assert report["counts"]["train"]["total"] + report["counts"]["validation"]["total"] == 192
    found = "import sys; from pathlib import Path; from pipelines.dataset import find_dataset;"
    done = run([sys.executable, "-c", f"{found} print(find_dataset('auto', Path('absent')))"], output)
    assert done.stdout.startswith("Dataset(source='archive'") and str(archive) in done.stdout, done.stderr
    # drawings of its own classes, for its tests
    sample = [sys.executable, "-m", "processing.sample_archive", "--train-per-class", "2", "--test-per-class", "1"]
    done = run([*sample, "--output", str(tmp_path / "sample.tar.gz")], output)
    assert "cat, dog drawn" in done.stdout, done.stderr
