"""How a method of moto's is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def replace(owner: Any, **methods: Callable[..., Any]) -> None:
    """Put functions, by name, in the place of a class's methods, or into the class; or of a module's functions."""
    for name, method in methods.items():
        setattr(owner, name, method)
