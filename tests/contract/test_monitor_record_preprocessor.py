"""The record preprocessor in what Amazon's analyzer image promises: an old Python and its standard library."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_monitor import record_preprocessor
from pipelines.names import CLASSES
from tests.waiting import PATIENCE_SECONDS

FILE = Path(record_preprocessor.__file__)
OLDEST = (3, 7)
NAMES = (
    "confidence,margin,entropy,predicted_class,probability,payload_bytes,width,height,"
    "brightness,contrast,saturation,sharpness,warmth,readable"
)
# As an image that loads a script and knows nothing of its name: no file of the project can be imported.
RUN = """
import base64, json, sys
from types import SimpleNamespace as Of
script, picture = sys.argv[1:]
scope = {"__name__": "preprocessor_of_the_image"}
exec(compile(open(script).read(), script, "exec"), scope)
data = base64.b64encode(open(picture, "rb").read()).decode()
record = Of(
    endpoint_input=Of(data=data, encoding="BASE64", observed_content_type="image/png"),
    endpoint_output=Of(data="[0.1, 0.9]", encoding="JSON", observed_content_type="application/json"),
    event_metadata=Of(event_id="1", inference_id=None, inference_time="2026-03-04T11:59:58Z"),
)
said = []
handler = scope["preprocess_handler"]
rows = [handler(record), handler(record, Of(info=said.append)), handler(inference_record=record), handler(None)]
print(json.dumps([rows, said, [name for name in ("PIL", "numpy", "pipelines") if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def tree() -> ast.Module:
    return ast.parse(FILE.read_text(encoding="utf-8"), feature_version=OLDEST)


def test_it_runs_in_a_bare_python(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(picture)
    command = [sys.executable, "-I", "-S", "-c", RUN, str(FILE), str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    (plain, logged, named, nothing), said, foreign = json.loads(done.stdout)
    assert plain == logged == named
    assert ",".join(plain) == ",".join(nothing) == ",".join(record_preprocessor.FEATURES) == NAMES
    assert (plain["predicted_class"], plain["confidence"], plain["readable"]) == ("motorcycle", 0.9, 1)
    assert plain["brightness"] == pytest.approx(0.5, abs=0.05)
    assert nothing["readable"] == 0
    assert said == [] and foreign == []


def test_its_classes_are_the_projects() -> None:
    assert record_preprocessor.CLASSES == CLASSES


def test_it_imports_the_standard_library_alone(tree: ast.Module) -> None:
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_it_calls_nothing_that_came_after_the_oldest_python(tree: ast.Module) -> None:
    newer = {"removeprefix", "removesuffix", "randbytes", "pairwise", "batched", "bit_count", "prod", "cache", "dist"}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    keywords = {word.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords}
    assert not attributes & newer and "strict" not in keywords
    # what is evaluated at run time and not an annotation may not be `list[int]` or `int | None`
    assert any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    evaluated = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.Call)]
    generics = {"list", "dict", "tuple", "type"}
    for node in evaluated:
        for inner in ast.walk(node.value if isinstance(node, ast.Assign) else node):
            assert not (isinstance(inner, ast.Subscript) and getattr(inner.value, "id", "") in generics)


def test_its_features_can_be_read_without_running_it(tree: ast.Module) -> None:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    (value,) = [node.value for node in assigned if getattr(node.targets[0], "id", "") == "FEATURES"]
    assert ast.literal_eval(value) == record_preprocessor.FEATURES
