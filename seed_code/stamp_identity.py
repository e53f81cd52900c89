"""What a project is called and which two classes it tells apart: checked, before anything is stamped."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass

from processing.cifar_classes import FINE_NAMES

# SageMaker's own for a project's name: pattern and length of CreateProject's ProjectName
PROJECT_NAME = re.compile(r"[a-zA-Z](-*[a-zA-Z0-9])*")
LONGEST_NAME = 32
# A class's name is a folder, a column (p_NAME), a word of `--classes A,B` and of the metadata `A B`.
CLASS_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,29}")


class StampRefused(ValueError):
    """The project that was asked for cannot be stamped; the message says why and what to do."""


@dataclass(frozen=True)
class Identity:
    """A project's name, as SageMaker takes one, and its classes in the order of the model's answer.

    `of_pictures`: it has its own archive, made of a folder of pictures.
    """

    name: str
    classes: tuple[str, str]
    of_pictures: bool = False

    @property
    def camel(self) -> str:
        """`CityTransit` of `city-transit`: pipelines and the model package group are called so."""
        return "".join(word[:1].upper() + word[1:] for word in self.name.split("-"))

    @property
    def own_classes(self) -> tuple[str, ...]:
        """Those that CIFAR-100 does not have."""
        return tuple(name for name in self.classes if name not in FINE_NAMES)


def check_name(name: str) -> str:
    """The name. Raises StampRefused."""
    if len(name) > LONGEST_NAME or not PROJECT_NAME.fullmatch(name):
        raise StampRefused(
            f"NAME {name!r} is none that SageMaker takes: up to {LONGEST_NAME} letters, digits and hyphens, "
            "a letter first and no hyphen last"
        )
    if "scones" in name.lower():
        raise StampRefused(f"NAME {name!r} holds the name of this project: choose one of your own")
    return name


def cifar_classes(wanted: str) -> tuple[str, str]:
    """Two of CIFAR-100's fine classes, of `bus,streetcar` or their numbers `13,81`. Raises StampRefused."""
    first, second = _two(wanted)
    return _different(_cifar_class(first), _cifar_class(second))


def picture_classes(wanted: str | None, folders: Sequence[str]) -> tuple[str, str]:
    """The classes of a folder of pictures: its two subfolders, in the order of `wanted` or else of the alphabet.

    Raises StampRefused.
    """
    if wanted is None and len(folders) != 2:
        found = ", ".join(sorted(folders)) or "none"
        raise StampRefused(f"the folder of pictures has the subfolders {found}: name two of them with --classes A,B")
    first, second = _two(wanted) if wanted is not None else sorted(folders)
    for name in (first, second):
        if not CLASS_NAME.fullmatch(name) or keyword.iskeyword(name):
            raise StampRefused(
                f"{name!r} is no name of a class: up to 30 letters, digits and underscores, a letter first, "
                "no keyword of Python; rename the subfolder"
            )
        if name not in folders:
            raise StampRefused(f"the folder of pictures has no subfolder {name}; it has {', '.join(sorted(folders))}")
    return _different(first, second)


def _two(wanted: str) -> tuple[str, str]:
    names = [name.strip() for name in wanted.split(",")]
    if len(names) != 2 or not all(names):
        raise StampRefused(f"--classes {wanted!r} does not name two classes: A,B")
    return names[0], names[1]


def _cifar_class(wanted: str) -> str:
    if wanted in FINE_NAMES:
        return wanted
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(FINE_NAMES):
        return FINE_NAMES[int(wanted)]
    raise StampRefused(
        f"CIFAR-100 has no class {wanted!r}: a number up to {len(FINE_NAMES) - 1}, or one of {', '.join(FINE_NAMES)}"
    )


def _different(first: str, second: str) -> tuple[str, str]:
    if first.casefold() == second.casefold():
        raise StampRefused(f"--classes names {first} twice: two different classes are needed")
    return first, second
