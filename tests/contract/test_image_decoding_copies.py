"""Two containers decode pictures, and neither can import the other's code: they have the same."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def code(folder: str) -> str:
    """The module without the docstring that it begins with."""
    docstring, *rest = ast.parse((ROOT / folder / "image_decoding.py").read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr) and len(rest) > 5
    return ast.unparse(ast.Module(body=rest, type_ignores=[]))


def test_new_images_are_made_what_the_served_model_makes_of_them() -> None:
    assert code("processing") == code("training")
