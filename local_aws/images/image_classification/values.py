"""Hyperparameter values: from the string of the request to a checked value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import CustomerError

# the name of a hyperparameter and its text, which is not empty; raises CustomerError
Reader = Callable[[str, str], Any]
LARGEST_SIDE = 4096


@dataclass(frozen=True)
class ImageShape:
    """What the network takes in: colour channels (1 or 3), height and width in pixels."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels},{self.height},{self.width}"


def integer(least: int) -> Reader:
    """A whole number of at least `least`."""

    def read(name: str, text: str) -> int:
        number = _integer(text)
        if number is None or number < least:
            raise _refused(name, text, "a positive integer" if least == 1 else f"an integer greater than {least - 1}")
        return number

    return read


def one_integer_of(*known: int) -> Reader:
    """One of these whole numbers."""

    def read(name: str, text: str) -> int:
        number = _integer(text)
        if number not in known:
            raise _refused(name, text, f"one of {', '.join(str(one) for one in known)}")
        return number

    return read


def choice(*known: str) -> Reader:
    """One of these words."""

    def read(name: str, text: str) -> str:
        if text not in known:
            raise _refused(name, text, f"one of {', '.join(known)}")
        return text

    return read


def fraction(name: str, text: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise _refused(name, text, "a float in [0, 1]")
    return number


def flag(name: str, text: str) -> bool:
    """0 or 1."""
    if text not in ("0", "1"):
        raise _refused(name, text, "0 or 1")
    return text == "1"


def boolean(name: str, text: str) -> bool:
    """True or False, in lower case too: JSON writes them so."""
    if text.lower() not in ("true", "false"):
        raise _refused(name, text, "True or False")
    return text.lower() == "true"


def image_shape(name: str, text: str) -> ImageShape:
    """`num_channels, height, width`."""
    numbers = [_integer(part) for part in text.split(",")]
    sides = [number for number in numbers[1:] if number is not None and 1 <= number <= LARGEST_SIDE]
    channels = numbers[0]
    if len(numbers) != 3 or len(sides) != 2 or channels not in (1, 3):
        raise _refused(name, text, "of the form num_channels,height,width with 1 or 3 channels, such as 3,224,224")
    return ImageShape(channels, sides[0], sides[1])


def epochs(name: str, text: str) -> tuple[int, ...]:
    """Numbers of epochs, separated by commas, each greater than the one before."""
    numbers = [_integer(part) for part in text.split(",")]
    found = tuple(number for number in numbers if number is not None and number > 0)
    if len(found) != len(numbers) or list(found) != sorted(set(found)):
        raise _refused(name, text, "a list of increasing epochs delimited by commas, such as 10,20")
    return found


def _integer(text: str) -> int | None:
    try:
        return int(text.strip())
    except ValueError:
        return None


def _refused(name: str, text: str, expected: str) -> CustomerError:
    return CustomerError(f"Hyperparameter {name}: {text!r} is not {expected}")
