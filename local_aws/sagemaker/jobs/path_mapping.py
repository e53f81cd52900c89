"""A container's /opt/ml is a folder of its job: texts that name the one are made to name the other."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

CONTAINER_ROOT = "/opt/ml"
NAMED = re.compile(r"(?<![\w./-])/opt/ml(?=/|$|[^\w.-])")
TEXT_SUFFIXES = frozenset({".py", ".sh", ".json", ".txt", ".toml", ".yaml", ".yml"})
LARGEST_TEXT = 1 << 20


class PathOutside(ValueError):
    """A path that does not lie below /opt/ml, where alone a container's files are kept here."""


class PathMapping:
    """Between /opt/ml as the request names it, and the folder that stands for it."""

    def __init__(self, opt_ml: Path, named: Path | None = None) -> None:
        """`named` is another path of the folder `opt_ml`, to stand in texts, where its own will not do."""
        self.opt_ml = opt_ml
        self._named = named or opt_ml

    def folder(self, path: str) -> Path:
        """The folder that stands for a container's absolute path. Raises PathOutside."""
        return self.opt_ml / relative_to_root(path)

    def text(self, text: str) -> str:
        """The text with every /opt/ml in it replaced; `s3://bucket/opt/ml` and `/srv/opt/ml` are none."""
        return NAMED.sub(lambda _: str(self._named), text)

    def unmapped(self, text: str) -> str:
        """The text with every mention of the folder turned back into /opt/ml, for people to read."""
        return text.replace(str(self._named), CONTAINER_ROOT).replace(str(self.opt_ml), CONTAINER_ROOT)

    def value(self, value: Any) -> Any:
        """The same for all strings in a structure of dicts and lists."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def rewrite_code(self, folder: Path) -> None:
        """The same in all files of code below `folder`: text files under 1 MB, loose or in a .tar.gz."""
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            if path.name.endswith(".tar.gz"):
                self._rewrite_archive(path)
            elif path.suffix in TEXT_SUFFIXES and path.stat().st_size < LARGEST_TEXT:
                self._rewrite_file(path)

    def _rewrite_file(self, path: Path) -> None:
        before = path.read_bytes()
        after = self._rewritten(before)
        if after != before:
            path.write_bytes(after)

    def _rewrite_archive(self, path: Path) -> None:
        """Members are copied, never unpacked; the archive is written anew only where something changes."""
        changed = False
        target = io.BytesIO()
        try:
            with (
                tarfile.open(path) as source,
                tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as copy,
            ):
                for member in source:
                    content = source.extractfile(member) if member.isfile() else None
                    if content is None or PurePosixPath(member.name).suffix not in TEXT_SUFFIXES:
                        copy.addfile(member, content)
                        continue
                    before = content.read()
                    after = self._rewritten(before) if len(before) < LARGEST_TEXT else before
                    changed = changed or after != before
                    member.size = len(after)
                    copy.addfile(member, io.BytesIO(after))
        except (tarfile.TarError, EOFError, OSError):
            return  # not an archive after all: whoever unpacks it will say so
        if changed:
            path.write_bytes(target.getvalue())

    def _rewritten(self, content: bytes) -> bytes:
        if CONTAINER_ROOT.encode() not in content:
            return content
        try:
            return self.text(content.decode()).encode()
        except UnicodeDecodeError:
            return content


def relative_to_root(path: str) -> PurePosixPath:
    """The path below /opt/ml, relative to it. Raises PathOutside, for one that climbs out too."""
    pure = PurePosixPath(path)
    if ".." in pure.parts or not pure.is_relative_to(CONTAINER_ROOT):
        raise PathOutside(f"{path} is not below {CONTAINER_ROOT}")
    return pure.relative_to(CONTAINER_ROOT)
