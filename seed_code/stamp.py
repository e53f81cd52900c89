"""This repository stamped into a project of another name for two other classes. Pure: files in, files out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from seed_code.stamp_anchors import DECLARED, REPLACEMENTS, check_declared, replace_anchors
from seed_code.stamp_identity import Identity, StampRefused
from seed_code.stamp_readme import changelog, readme
from seed_code.stamp_words import ANY_CLASS, ANY_NAME, in_strings_and_comments, reclassed, renamed

# A stamped project does not stamp further.
LEFT_OUT = re.compile(r"seed_code/(stamp\w*|picture_archive)\.py|pipelines/cli/new\.py|tests/\w+/(test_)?stamp\w*\.py")
# Their words are of CIFAR-100, of drawings and of other people, not of this project.
KEEPS_CLASSES = frozenset(
    {
        "LICENSE",
        "processing/cifar_classes.py",
        "processing/sample_archive.py",
        "processing/sample_vehicles.py",
        "tests/unit/test_processing_sample_archive.py",
    }
)
# Why things are as they are does not change with the classes.
DECISIONS = "docs/decisions/"
# Most files do not speak of this project at all, and need no closer look.
SPOKEN_OF = re.compile(r"[Ss]cones|cycle")
NO_PRODUCT = ("tests/", "benchmarks/", "docs/")
WRITTEN_ANEW = {"README.md": readme, "CHANGELOG.md": changelog}

Tree = Iterable[tuple[str, bytes]]


def stamp(tree: Tree, identity: Identity) -> dict[str, bytes]:
    """The stamped project's files by path.

    Raises StampRefused where the repository is no longer as this module knows it: an anchor that is gone, a file that
    held one, or a name or class of this project left over in the product.
    """
    stamped = {path: _file(path, content, identity) for path, content in tree if not LEFT_OUT.fullmatch(path)}
    missing = sorted({*DECLARED, *(each.path for each in REPLACEMENTS), *WRITTEN_ANEW} - set(stamped))
    if missing:
        raise StampRefused(f"the repository has no {', '.join(missing)}: tell seed_code/stamp_anchors.py")
    left = list(leftovers(stamped))
    if left:
        raise StampRefused(
            f"{len(left)} places still speak of this project: {'; '.join(left[:5])} (seed_code/stamp_words.py)"
        )
    return stamped


def leftovers(stamped: dict[str, bytes]) -> Iterator[str]:
    """Lines of the product, `path:line: text`, that still name this project's resources or classes."""
    for path, content in sorted(stamped.items()):
        text = _text(content)
        if text is None or path.startswith(NO_PRODUCT) or path in WRITTEN_ANEW or not SPOKEN_OF.search(text):
            continue
        for pattern in (ANY_NAME,) if path in KEEPS_CLASSES else (ANY_NAME, ANY_CLASS):
            for found in pattern.finditer(text):
                number = text.count("\n", 0, found.start()) + 1
                yield f"{path}:{number}: {text.splitlines()[number - 1].strip()[:100]}"


def _file(path: str, content: bytes, identity: Identity) -> bytes:
    if path in WRITTEN_ANEW:
        return WRITTEN_ANEW[path](identity).encode()
    text = _text(content)
    if text is None or path.startswith(DECISIONS):
        return content
    check_declared(path, text)
    text = replace_anchors(path, text, identity)
    if SPOKEN_OF.search(text) is None:
        return text.encode()
    text = renamed(text, identity)
    if path in KEEPS_CLASSES:
        return text.encode()
    if PurePosixPath(path).suffix == ".py":
        return in_strings_and_comments(text, lambda part: reclassed(part, identity)).encode()
    return reclassed(text, identity).encode()


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
