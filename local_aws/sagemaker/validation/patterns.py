r"""The regular expressions of the service model, which are Java's, matched as Java matches them.

Java's `\p{L}` has no counterpart in `re`. A text is matched against a pattern with such classes by putting
a placeholder, chosen by Unicode category, for each of its non-ASCII characters, and by expanding every
`\p{...}` to the ASCII characters of the category and its placeholder.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

PROPERTY = re.compile(r"\\p\{(\w+)\}")
SURROGATE_PAIR = re.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})", re.IGNORECASE)
REPEATED_END = re.compile(r"\$\{\d+,\d+\}$")
CATEGORIES = "LMNPSZC"
# The first two take exponential time on texts that do not match; these match the same texts in linear time.
EQUIVALENTS = {
    r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?": r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    r"https://([.\-_a-zA-Z0-9]+/?){3,1016}": (
        r"https://(?=(/?[.\-_a-zA-Z0-9]){3})[.\-_a-zA-Z0-9]+(/[.\-_a-zA-Z0-9]+){0,1015}/?"
    ),
    # the one pattern with a class outside brackets
    r"\p{Print}+": r"[\x20-\x7e]+",
}
# Private-use characters: no pattern of the model names one.
PLACEHOLDERS = {category: chr(0xE000 + index) for index, category in enumerate(CATEGORIES)}


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches, as the service decides it (`Matcher.matches`)."""
    expression, by_category = _compiled(pattern)
    return expression.fullmatch(_placeheld(text) if by_category else text) is not None


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str], bool]:
    """The expression, and whether it is to see placeholders."""
    translated = EQUIVALENTS.get(pattern, pattern)
    translated = REPEATED_END.sub("$", SURROGATE_PAIR.sub(_joined, translated))
    translated, properties = PROPERTY.subn(_expanded, translated)
    return re.compile(translated, re.ASCII), properties > 0


def _joined(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00):08x}"


def _expanded(found: re.Match[str]) -> str:
    name = found.group(1)
    if name == "Alnum":
        return "a-zA-Z0-9"
    if name == "Zs":
        # Z has two characters more, the separators of lines and of paragraphs
        name = "Z"
    if name not in CATEGORIES:
        raise ValueError(f"no translation for the character class \\p{{{name}}}")
    ascii_members = (chr(code) for code in range(128) if unicodedata.category(chr(code))[0] == name)
    return "".join(re.escape(character) for character in ascii_members) + PLACEHOLDERS[name]


def _placeheld(text: str) -> str:
    return text if text.isascii() else "".join(map(_placeholder, text))


def _placeholder(character: str) -> str:
    return character if character.isascii() else PLACEHOLDERS[unicodedata.category(character)[0]]
