"""The service model's regular expressions are Java's: here they are made Python's."""

from __future__ import annotations

import re
from functools import lru_cache

# Inside a character class. Marks and symbols are in none of our values beyond what \w and the ASCII signs
# cover.
UNICODE_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": "",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{P}": r"!-/:-@\[-`{-~",
    r"\p{S}": r"$+<=>^`|~",
    r"\p{Alnum}": "a-zA-Z0-9",
}


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """The pattern for `fullmatch`; None if Python cannot express it (two of the 109 that our requests
    meet)."""
    for java, python in UNICODE_CLASSES.items():
        pattern = pattern.replace(java, python)
    # "(…)*${1,128}": a quantifier on the end of the text means nothing.
    pattern = re.sub(r"\$\{\d+,\d+\}$", "", pattern)
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
