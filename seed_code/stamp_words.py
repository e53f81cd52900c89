"""This project's names and classes in text, and another's in their stead. Pure functions of text."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterator

from seed_code.stamp_identity import Identity

# What is called after this project and stands side by side with another's in one account.
NAMES = re.compile(
    r"(?P<whole>scones-delivery-vehicles)"
    r"|(?P<whole_camel>SconesDeliveryVehicles)"
    r"|Scones(?=(?P<pipeline>Training|Deployment)\b)"
    r"|\bscones(?=-(?P<resource>endpoint-safeguards|endpoint|pipeline|workflow|monitor|deployment|training|request-retraining"
    r"|retraining|project|notebook)\b)"
    r"|\bscones(?=\.(?P<source>model-monitor)\b)"
    r"|\bscones(?=/(?P<prefix>builds|captured|code|data-capture|datasets|functions|ground-truth|monitoring|new-images|project"
    r"|retraining|seed|workflow|SconesTraining|SconesDeployment)\b)"
)
# Names of this shape that stay: the command, its variables and folders, and what only the local AWS has.
ANY_NAME = re.compile(
    r"\bscones[-/](?!unlimited-)[a-zA-Z{$]|\bScones(?!PipelineRole)[A-Z][a-z]|\bscones\.[a-z]+-|\"scones/\""
)
CLASS_WORDS = ("bicycle", "motorcycle")
ANY_CLASS = re.compile(r"(?:(?<![A-Za-z])|(?<=\\[nt]))(?:bi|motor)cycles?(?![A-Za-z])", re.IGNORECASE)
CLASSES = re.compile(
    # in Python's strings a word may come right after \n or \t
    r"(?P<article>\b[Aa]n? )?(?:(?<![A-Za-z{])|(?<=\\[nt]))(?P<word>bicycle|motorcycle)(?P<plural>s?)(?![A-Za-z])",
    re.IGNORECASE,
)


def renamed(text: str, identity: Identity) -> str:
    """The text with the names of pipelines, endpoint, stacks, functions, prefixes and events of another project."""

    def name(found: re.Match[str]) -> str:
        return identity.camel if found[0].startswith("Scones") else identity.name

    return NAMES.sub(name, text)


def reclassed(text: str, identity: Identity) -> str:
    """The text with other classes: `a bicycle` is `an apple` then, and `bicycles` are `pictures of apple`."""

    def spoken(found: re.Match[str]) -> str:
        word = identity.classes[CLASS_WORDS.index(found["word"].lower())]
        if found["plural"]:
            return ("Pictures of " if found["word"][0].isupper() else "pictures of ") + word
        if found["article"]:
            article = found["article"][0] + ("n" if word[0].lower() in "aeiou" else "")
            return f"{article} {word}"
        return word[:1].upper() + word[1:] if found["word"][0].isupper() else word

    return CLASSES.sub(spoken, text)


def in_strings_and_comments(source: str, change: Callable[[str], str]) -> str:
    """Python source with its strings and comments changed, and no name of a variable."""
    done, at = [], 0
    for start, end in _spans(source):
        done += [source[at:start], change(source[start:end])]
        at = end
    return "".join([*done, source[at:]])


def _spans(source: str) -> Iterator[tuple[int, int]]:
    """Where strings and comments begin and end. A formatted string is one span, whatever it is made of."""
    lines = [0]
    for line in io.StringIO(source):
        lines.append(lines[-1] + len(line))
    depth, opened = 0, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        start, end = (lines[row - 1] + column for row, column in (token.start, token.end))
        # Python 3.12 and later take formatted strings apart
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            opened, depth = (opened if depth else start), depth + 1
        elif kind == "FSTRING_END":
            depth -= 1
            if not depth:
                yield opened, end
        elif kind in ("STRING", "COMMENT") and not depth:
            yield start, end
