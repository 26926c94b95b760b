"""What is amiss with servers of models, told on the board once for as long as it lasts."""

from __future__ import annotations

from typing import Final

from echo.reports import Reports

AWAY: Final = "ollama"
"""The board's line of bases that can't be asked, and what echoes do meanwhile."""
BASES: Final = "ollama bases"
"""The board's line of bases that could not be loaded, or let go of."""
PERSONAS: Final = "ollama personas"
"""The board's line of personas that a server does not have as it should."""


class Standing:
    """Sentences by what they are about, those of one line joined."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._told: dict[str, dict[str, str]] = {}

    def tell(self, line: str, about: str, sentence: str | None) -> None:
        """Say how one thing stands on a line of the board; None where all is well with it."""
        told = self._told.setdefault(line, {})
        if told.get(about) == sentence:
            return
        if sentence is None:
            del told[about]
        else:
            told[about] = sentence
        self._reports.stands(line, " ".join(dict.fromkeys(told.values())) or None)

    def about(self, line: str) -> tuple[str, ...]:
        """What there are sentences about on a line."""
        return tuple(self._told.get(line, ()))
