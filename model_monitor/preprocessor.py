"""The record preprocessor of a baseline: where it lies in S3, and which features it makes.

It is never executed here: what is in S3 may be anyone's. Its features are read from its text.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

from model_monitor.names import Places
from model_monitor.stored import read_bytes, split_uri, write_bytes
from pipelines.source_code import object_exists

LOCAL_FILE = Path(__file__).with_name("record_preprocessor.py")
CONSTANT = "FEATURES"


class FeaturesUnknown(ValueError):
    """A record preprocessor that does not say which features it makes."""


def features_at(s3: Any, uri: str) -> tuple[str, ...]:
    """As `features_in`, of a file in S3. Raises FeaturesUnknown, StoredFileMissing."""
    return features_in(read_bytes(s3, uri), uri)


def features_in(source: bytes, name: str) -> tuple[str, ...]:
    """The names in the tuple FEATURES of a preprocessor's text, in their order. Raises FeaturesUnknown."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise FeaturesUnknown(f"the record preprocessor {name} is no Python: {error}") from error
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == CONSTANT for one in node.targets):
            found = tuple(_texts(node.value))
            if found:
                return found
    raise FeaturesUnknown(f"the record preprocessor {name} has no tuple {CONSTANT} with the names of its features")


def upload_local(s3: Any, places: Places, kms_key: str | None = None) -> str:
    """Put this project's preprocessor where its content names it, if it is not there yet; its URI."""
    content = LOCAL_FILE.read_bytes()
    uri = f"{places.preprocessors}/{hashlib.sha256(content).hexdigest()}/{LOCAL_FILE.name}"
    if not object_exists(s3, *split_uri(uri)):
        write_bytes(s3, uri, content, kms_key)
    return uri


def _texts(node: ast.expr) -> list[str]:
    """The strings of a tuple or list, of those within it too: (*("a", "b"), "c")."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return [text for item in node.elts for text in _texts(item)]
    if isinstance(node, ast.Starred):
        return _texts(node.value)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
