"""Something wrong with a definition, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """`path` leads there from the root of the definition, step names in place of indexes:
    Steps.TrainClassifier.Arguments."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
