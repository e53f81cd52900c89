"""The analyzer image as a container runs it: a process of its own over a folder that stands for /opt/ml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_aws.images import require_image
from tests.unit.monitor_analyzer_records import CAPTURED, record, result, side, variables, write_lines
from tests.waiting import PATIENCE_SECONDS

IMAGE = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
PREPROCESSOR = """
import json

def preprocess_handler(inference_record, logger):
    logger.info("seen")
    values = json.loads(inference_record.endpoint_output.data)
    if not values:
        return []
    assert inference_record.event_metadata.event_id == "e"
    assert inference_record.endpoint_input is None
    return {"confidence": max(values), "tags": {"count": len(values)}}
"""


def process(base: Path, source: Path, dataset_format: str = CAPTURED, **more: str) -> tuple[int, str, str]:
    """Exit code, message and log of the image's own entry point."""
    script = require_image(IMAGE, "process").script
    ended = subprocess.run(
        [sys.executable, str(script), "process"],
        env={"PATH": os.environ["PATH"], **variables(base, source, dataset_format, **more)},
        cwd=base,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    message = base / "output/message"
    return ended.returncode, message.read_text() if message.exists() else "", ended.stdout + ended.stderr


def outputs(*texts: str) -> list[Any]:
    return [record(side(text, "JSON")) for text in texts]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_lines(tmp_path / "captured/2026/03/04/11/a.jsonl", outputs("[0.9, 0.1]", "[0.8, 0.2]", "[]"))
    return tmp_path / "captured"


def test_baseline_and_monitoring_with_a_preprocessor(tmp_path: Path, source: Path) -> None:
    script = tmp_path / "preprocessor.py"
    script.write_text(PREPROCESSOR)
    after = tmp_path / "post.py"
    after.write_text(f"def postprocess_handler():\n    open({str(tmp_path / 'called')!r}, 'w').write('yes')\n")
    more = {"record_preprocessor_script": str(script), "post_analytics_processor_script": str(after)}
    assert process(tmp_path, source, **more)[:2] == (0, "Completed: Job completed successfully with no violations.")
    assert (tmp_path / "called").read_text() == "yes"
    statistics = result(tmp_path, "statistics.json")
    assert statistics["dataset"]["item_count"] == 2
    assert [feature["name"] for feature in statistics["features"]] == ["confidence", "tags.count"]
    folder = tmp_path / "processing/output"
    later = tmp_path / "later"
    write_lines(later / "captured/a.jsonl", outputs('["x"]', '["y"]'))
    code, message, _ = process(
        later,
        later / "captured",
        baseline_constraints=str(folder / "constraints.json"),
        baseline_statistics=str(folder / "statistics.json"),
        record_preprocessor_script=str(script),
    )
    assert (code, message) == (0, "CompletedWithViolations: Job completed successfully with 1 violations.")
    found = result(later, "constraint_violations.json")["violations"]
    assert [violation["constraint_check_type"] for violation in found] == ["data_type_check"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (PREPROCESSOR.replace("max(values)", "1 / 0"), "pre.py, line 11: ZeroDivisionError: division by zero at the "),
        ("import nowhere_at_all", "pre.py, line 1: ModuleNotFoundError: No module named 'nowhere_at_all' while it was"),
        ("def preprocess_handler(:", "pre.py, line 1: SyntaxError"),
        ("x = 1", "pre.py defines no function preprocess_handler"),
        ("def preprocess_handler(record): return 5", "returned int for the record in 2026/03/04/11/a.jsonl line 1"),
        ("def preprocess_handler(record): raise SystemExit('no')", "pre.py, line 1: SystemExit: no"),
    ],
)
def test_a_preprocessor_that_fails_fails_the_job(tmp_path: Path, source: Path, code: str, told: str) -> None:
    script = tmp_path / "pre.py"
    script.write_text(code)
    exit_code, message, log = process(tmp_path, source, record_preprocessor_script=str(script))
    assert exit_code == 1
    assert told in message
    assert "\n" not in message
    assert not (tmp_path / "processing/output/statistics.json").exists()
    assert "Traceback" in log or "defines no" in message or "returned" in message


def test_damaged_lines_are_in_the_log_and_in_the_results(tmp_path: Path, source: Path) -> None:
    write_lines(source / "2026/03/04/12/b.jsonl", [b"\n", b"{\n", b"\x89PNG\r\n\x1a\n"])
    code, _, log = process(tmp_path, source)
    assert code == 0
    assert "2 records, 2 columns; 5 lines could not be read: 2 binary, 1 empty, 1 not a record, 1 truncated" in log
    assert "not read: 2026/03/04/12/b.jsonl line 2: truncated" in log
    damaged = result(tmp_path, "statistics.json")["dataset"]["damaged_lines"]
    assert damaged == {"binary": 2, "empty": 1, "not_a_record": 1, "truncated": 1}


def test_no_record_at_all_fails_with_the_reason(tmp_path: Path) -> None:
    code, message, _ = process(tmp_path, tmp_path / "nothing")
    assert (code, message.startswith("Error: There is no record to analyse in ")) == (1, True)
    write_lines(tmp_path / "captured/a.jsonl", [b"\n", b"x\n"])
    code, message, _ = process(tmp_path, tmp_path / "captured")
    assert code == 1
    assert "2 lines could not be read: 1 empty, 1 truncated" in message


def test_a_baseline_of_other_data_fails_the_job(tmp_path: Path, source: Path) -> None:
    (tmp_path / "features.csv").write_text("brightness,contrast\n0.5,0.1\n0.6,0.2\n")
    assert process(tmp_path / "", tmp_path / "features.csv", '{"csv":{"header":true}}')[0] == 0
    folder = tmp_path / "processing/output"
    given = {
        "baseline_constraints": str(folder / "constraints.json"),
        "baseline_statistics": str(folder / "statistics.json"),
    }
    code, message, _ = process(tmp_path, source, **given)
    assert code == 1
    assert "The baseline is of other data: none of its features (brightness, contrast)" in message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dataset_format": ""}, "dataset_format is missing"),
        ({"dataset_format": '{"xml":{}}'}, "use one of csv, json, sagemakerCaptureJson"),
        ({"dataset_format": '{"sagemakerMergeJson":{}}'}, "MODEL_QUALITY"),
        ({"analysis_type": "BIAS"}, "use one of DATA_QUALITY, MODEL_QUALITY"),
        ({"publish_cloudwatch_metrics": "yes"}, "use one of Disabled, Enabled"),
        ({"baseline_constraints": "/opt/ml/nowhere.json"}, "names /opt/ml/nowhere.json, where no file is"),
    ],
)
def test_an_environment_that_is_wrong_is_told_in_one_line(
    tmp_path: Path, source: Path, changes: dict[str, str], told: str
) -> None:
    code, message, _ = process(tmp_path, source, **{"dataset_format": CAPTURED, **changes})
    assert code == 1
    assert told in message
    assert "\n" not in message


def test_a_small_run_loads_neither_pandas_nor_arrow_nor_scipy(tmp_path: Path, source: Path) -> None:
    script = tmp_path / "pre.py"
    heavy = ("pandas", "pyarrow", "scipy")
    script.write_text(
        f"import sys\ndef preprocess_handler(record): return {{name: int(name in sys.modules) for name in {heavy}}}\n"
    )
    assert process(tmp_path, source, record_preprocessor_script=str(script))[0] == 0
    features = result(tmp_path, "statistics.json")["features"]
    assert {feature["name"]: feature["numerical_statistics"]["max"] for feature in features} == dict.fromkeys(heavy, 0)


def test_another_command_is_wrong_usage() -> None:
    script = require_image(IMAGE).script
    ended = subprocess.run(
        [sys.executable, str(script), "train"], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert (ended.returncode, ended.stderr.strip().endswith("process")) == (2, True)
