"""How many rows to erase at a time, so that nobody who writes waits for long."""

from __future__ import annotations

from typing import Final

TARGET: Final = 0.01
"""Seconds for which a batch should hold the writer: far below the 0.05 that it may."""
FIRST: Final = 50
"""Rows of the first batch, from which the others follow by how long it took."""
MOST: Final = 250
"""Rows of a batch, so that one of them that is far slower than those before is still short."""


class Batches:
    """How many rows to erase at a time: as many as hold the writer for TARGET seconds, going by the last batch."""

    def __init__(self) -> None:
        self.size = FIRST

    def took(self, rows: int, seconds: float) -> None:
        """A batch of so many rows took so long."""
        if seconds > TARGET:
            self.size = max(1, min(rows, int(rows * TARGET / seconds)))
        elif rows >= self.size:
            # Never more than twice: the next rows may be larger.
            self.size = min(MOST, self.size * 2) if seconds < TARGET / 2 else self.size
