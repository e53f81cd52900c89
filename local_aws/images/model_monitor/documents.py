"""JSON files that people edit: read so that what is wrong is told with file and key, in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from .errors import AnalysisFailed


class Document:
    """A JSON value with its place, `constraints.json: features[2].completeness`."""

    def __init__(self, value: Any, file: str, key: str = "") -> None:
        self.value = value
        self._file = file
        self._key = key

    def refuse(self, expected: str) -> NoReturn:
        """Raises AnalysisFailed: the value is something else than what was expected."""
        shown = json.dumps(self.value)[:100]
        raise AnalysisFailed(f"{self._file}: {self._key or 'the document'} is {shown}, not {expected}.")

    def allow(self, *keys: str) -> None:
        """Raises AnalysisFailed where the object has another key than these."""
        unknown = sorted(set(self._object()) - set(keys))
        if unknown:
            place = f" of {self._key}" if self._key else ""
            raise AnalysisFailed(f"{self._file}: unknown key {unknown[0]!r}{place}; known are {', '.join(keys)}.")

    def get(self, key: str) -> Document:
        """The member; its value is None where it is missing."""
        return Document(self._object().get(key), self._file, f"{self._key}.{key}" if self._key else key)

    def has(self, key: str) -> bool:
        return self.get(key).value is not None

    def member(self, key: str) -> Document:
        """An object that has to be there."""
        found = self.get(key)
        found._object()
        return found

    def optional(self, key: str) -> Document | None:
        """An object that may be missing."""
        return self.member(key) if self.has(key) else None

    def items(self, key: str) -> list[Document]:
        """A list of objects that has to be there."""
        found = self.get(key)
        if not isinstance(found.value, list):
            found.refuse("a list")
        items = [Document(item, self._file, f"{found._key}[{index}]") for index, item in enumerate(found.value)]
        for item in items:
            item._object()
        return items

    def text(self, key: str) -> str:
        found = self.get(key)
        return found.value if isinstance(found.value, str) else found.refuse("a text")

    def texts(self, key: str) -> list[str]:
        found = self.get(key)
        if not isinstance(found.value, list) or not all(isinstance(item, str) for item in found.value):
            found.refuse("a list of texts")
        return list(found.value)

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        found = self.get(key)
        if not isinstance(found.value, str) or found.value not in known:
            found.refuse(f"one of {', '.join(known)}")
        return str(found.value)

    def count(self, key: str) -> int:
        """A whole number from 0 on; 3.0 is one, as the service writes it."""
        found = self.get(key)
        value = found.value
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not value >= 0
            or not float(value).is_integer()
        ):
            found.refuse("a count")
        return int(value)

    def share(self, key: str) -> float:
        """A number from 0 to 1."""
        found = self.get(key)
        value = found.value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            found.refuse("a number from 0 to 1")
        return float(value)

    def flag(self, key: str) -> bool:
        found = self.get(key)
        return found.value if isinstance(found.value, bool) else found.refuse("true or false")

    def version(self) -> None:
        """The only version that there is, is 0."""
        found = self.get("version")
        if isinstance(found.value, bool) or found.value != 0:
            found.refuse("0, the only version that this analyzer knows")

    def _object(self) -> dict[str, Any]:
        return self.value if isinstance(self.value, dict) else self.refuse("an object")


def read_document(path: Path) -> Document:
    """Raises AnalysisFailed where the file is no JSON; NaN and infinity are none."""
    try:
        return Document(json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant), path.name)
    except (OSError, ValueError, RecursionError) as error:
        raise AnalysisFailed(f"{path.name} is no JSON document: {error}.") from error


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
