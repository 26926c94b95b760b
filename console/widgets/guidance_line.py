"""The guidance line, always in sight."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from console.guidance import Guidance, Tone

MARKS = {Tone.DO: "▶ ", Tone.WAIT: "● ", Tone.TROUBLE: "▲ "}


class GuidanceLine(Static):
    """Shows what to do next; repainted only when that changes."""

    def __init__(self) -> None:
        super().__init__(id="guidance")
        self._shown: Guidance | None = None

    def show(self, guidance: Guidance) -> None:
        """Say this."""
        # Before it is mounted, its height would stay that of no text.
        if guidance == self._shown or not self.is_mounted:
            return
        self._shown = guidance
        for tone in Tone:
            self.set_class(tone is guidance.tone, f"-{tone}")
        before, command, after = (
            guidance.text.partition(guidance.type_in) if guidance.type_in else (guidance.text, "", "")
        )
        self.update(Content.assemble((MARKS[guidance.tone], "bold"), before, (command, "bold"), after))
