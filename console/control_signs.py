"""Keeps what people write from steering the terminal: Textual itself takes out five control signs of sixty-five."""

from __future__ import annotations

import re
from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
"""C0 and C1 of ISO/IEC 6429 and DEL, among them the ones that begin a terminal's commands; none takes up a cell."""


class NoControlSigns(LineFilter):
    """Takes them out of every line that is drawn, whichever widget it is from."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without control signs."""
        return [
            Segment(_CONTROL.sub("", segment.text), segment.style, segment.control)
            if _CONTROL.search(segment.text)
            else segment
            for segment in segments
        ]
