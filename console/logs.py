"""The log while the console runs: a bounded ring in memory, since standard error would paint over the screen."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

KEPT = 2000
"""Lines that the ring holds; older ones are gone."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One formatted line, and how grave it is (a level of `logging`)."""

    level: int
    text: str


class LogRing(logging.Handler):
    """Keeps the newest lines. Any thread may log; the console asks for what is new a few times a second."""

    def __init__(self, kept: int = KEPT) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=kept)
        self._count = 0

    @property
    def count(self) -> int:
        """Lines logged so far, with those that are gone."""
        return self._count

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record; what can't be formatted is reported as `logging` does."""
        try:
            text = self.format(record)
        except (TypeError, ValueError, KeyError):
            self.handleError(record)
            return
        # `handle` holds the handler's lock around this.
        self._lines.append(LogLine(record.levelno, text))
        self._count += 1

    def since(self, seen: int) -> tuple[list[LogLine], int]:
        """The lines after the first `seen` ones, as far as they are still held, and the count to ask with next."""
        self.acquire()
        try:
            fresh = min(self._count - seen, len(self._lines))
            return (list(self._lines)[-fresh:] if fresh > 0 else []), self._count
        finally:
            self.release()
