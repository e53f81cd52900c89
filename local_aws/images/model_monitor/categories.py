"""Counts of texts in bounded memory: exact while they are few, the number of different ones estimated beyond."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

LONGEST = 256
# Exact up to here: 10,000 texts of LONGEST characters are some megabytes.
EXACT = 10_000
# The number of smallest hashes kept: the estimate's standard error is 1 / sqrt(HASHES), 1.6 percent.
HASHES = 4_096
HASH_RANGE = 1 << 64


class CategoryCounts:
    """How often each text occurs. Beyond EXACT different ones, only those known by then are counted on."""

    def __init__(self) -> None:
        self.total = 0
        self._counts: Counter[str] = Counter()
        self._hashes: set[int] = set()

    @property
    def exact(self) -> bool:
        return not self._hashes

    @property
    def distinct(self) -> int:
        """The number of different texts; beyond EXACT an estimate by the HASHES-th smallest hash."""
        if self.exact:
            return len(self._counts)
        return round((len(self._hashes) - 1) / (max(self._hashes) / HASH_RANGE))

    def add(self, texts: Iterable[str]) -> None:
        """Single texts, or a Counter of them."""
        batch = Counter(texts)
        self.total += batch.total()
        for text in [text for text in batch if len(text) > LONGEST]:
            batch[_shortened(text)] += batch.pop(text)
        if not self.exact:
            self._count_known(batch)
            return
        self._counts.update(batch)
        if len(self._counts) > EXACT:
            self._hash(self._counts)

    def most_common(self, most: int) -> list[tuple[str, int]]:
        """Texts with their counts, the most frequent first, equally frequent ones by the alphabet."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))[:most]

    def count(self, text: str) -> int:
        return self._counts.get(text, 0)

    def _count_known(self, batch: Counter[str]) -> None:
        for text in batch.keys() & self._counts.keys():
            self._counts[text] += batch[text]
        self._hash(batch.keys() - self._counts.keys())

    def _hash(self, texts: Iterable[str]) -> None:
        self._hashes.update(int.from_bytes(_digest(text, 8), "big") for text in texts)
        if len(self._hashes) > HASHES:
            self._hashes = set(sorted(self._hashes)[:HASHES])


def _shortened(text: str) -> str:
    return f"{text[:200]}…{_digest(text, 12).hex()}"


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
