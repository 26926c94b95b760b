"""Looking for what people wrote in everything that lies on the disk, thousands of sentences at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

SHORTEST: Final = 12
"""Characters: a shorter sentence may stand anywhere by chance."""
_HEAD: Final = 8
"""Bytes by which a sentence is looked up before it is compared as a whole: one machine word."""
_AT_ONCE: Final = 1 << 22
"""Bytes that are looked through at a time."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")


class Traces:
    """Sentences to be found in files, as UTF-8 and as JSON writes them. Whole texts count, and each of their parts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_head: dict[int, set[bytes]] = {}
        for text in texts:
            for sentence in {text.strip(), *(part.strip() for part in _SENTENCE_END.split(text))}:
                if len(sentence) >= SHORTEST:
                    self._add(sentence)
        self._heads = np.array(sorted(self._by_head), np.uint64)

    def __len__(self) -> int:
        return sum(len(needles) for needles in self._by_head.values())

    def count(self, data: bytes) -> int:
        """How many of the sentences stand in these bytes, at whatever place."""
        found: set[bytes] = set()
        for start in range(0, len(data), _AT_ONCE):
            part = data[start : start + _AT_ONCE + _HEAD - 1]
            for at in self._places(part):
                head = int.from_bytes(part[at : at + _HEAD], "little")
                found |= {needle for needle in self._by_head[head] if data.startswith(needle, start + at)}
        return len(found)

    def under(self, home: Path) -> dict[str, int]:
        """The files under a folder in which sentences stand, and how many; never the sentences themselves."""
        files = (path for path in sorted(home.rglob("*")) if path.is_file())
        counts = {str(path.relative_to(home)): self.count(path.read_bytes()) for path in files}
        return {name: count for name, count in counts.items() if count}

    def _add(self, sentence: str) -> None:
        plain = sentence.encode("utf-8", "surrogatepass")
        for needle in {plain, json.dumps(sentence)[1:-1].encode()}:
            self._by_head.setdefault(int.from_bytes(needle[:_HEAD], "little"), set()).add(needle)

    def _places(self, part: bytes) -> list[int]:
        places: list[int] = []
        for shift in range(min(_HEAD, max(0, len(part) - _HEAD + 1))):
            words: NDArray[np.uint64] = np.frombuffer(part, "<u8", (len(part) - shift) // _HEAD, shift)
            at = np.searchsorted(self._heads, words).clip(0, len(self._heads) - 1)
            places += [int(found) * _HEAD + shift for found in np.flatnonzero(self._heads[at] == words)]
        return places
