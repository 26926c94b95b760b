"""The log, a few times a second and all at once; line by line it would hold up everything else."""

from __future__ import annotations

import logging

from rich.text import Text
from textual.widgets import RichLog

from console.logs import LogLine, LogRing

COLOURS = ((logging.ERROR, "bold red"), (logging.WARNING, "yellow"), (logging.INFO, ""))


class LogPane(RichLog):
    """Writes what the ring has got since the last time."""

    def __init__(self, ring: LogRing) -> None:
        super().__init__(id="log", max_lines=2000, wrap=True, min_width=20)
        self._ring = ring
        self._seen = 0

    def show(self) -> None:
        """Write what is new."""
        # The width of a hidden pane is unknown.
        if self._ring.count == self._seen or not self.scrollable_content_region.width:
            return
        lines, self._seen = self._ring.since(self._seen)
        if lines:
            self.write(Text("\n").join(_styled(line) for line in lines))


def _styled(line: LogLine) -> Text:
    return Text(line.text, next((colour for level, colour in COLOURS if line.level >= level), "dim"))
