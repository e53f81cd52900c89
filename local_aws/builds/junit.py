"""Test results in JUnit's XML. A file with a document type is refused before anything of it is expanded."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from local_aws.builds.records import TestCase

STATUS_OF = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}
LONGEST_MESSAGE = 4096


class NotReadable(ValueError):
    """The file holds no test results that can be read."""


class _NoDocumentType(ElementTree.TreeBuilder):
    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise NotReadable(f"the file declares the document type {name}, which is refused: entities can be traps")


def read(content: bytes, path: str) -> list[TestCase]:
    """The test cases of a file, whose `path` they name. Raises NotReadable."""
    parser = ElementTree.XMLParser(target=_NoDocumentType())  # noqa: S314  without document types there are no entities
    try:
        root = ElementTree.fromstring(content, parser)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise error if isinstance(error, NotReadable) else NotReadable(f"not XML: {error}") from error
    if root.tag not in ("testsuites", "testsuite"):
        raise NotReadable(f"the root element is {root.tag}, neither testsuites nor testsuite")
    suites = [root, *root.iter("testsuite")] if root.tag == "testsuites" else [*root.iter("testsuite")]
    return [_case(case, suite.get("name", ""), path) for suite in suites for case in suite.findall("testcase")]


def _case(case: ElementTree.Element, suite: str, path: str) -> TestCase:
    status, message = "SUCCEEDED", ""
    for child in case:
        if child.tag in STATUS_OF:
            status = STATUS_OF[child.tag]
            message = child.get("message") or (child.text or "").strip()
            break
    return TestCase(
        name=case.get("name", ""),
        status=status,
        nanoseconds=_nanoseconds(case.get("time", "0")),
        suite=suite,
        prefix=case.get("classname", ""),
        message=message[:LONGEST_MESSAGE],
        path=path,
    )


def _nanoseconds(text: str) -> int:
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0
    return round(seconds * 1e9) if math.isfinite(seconds) and seconds > 0 else 0
