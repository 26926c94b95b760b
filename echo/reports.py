"""The role of who listens to how an engine goes."""

from __future__ import annotations

from typing import Final, Protocol

from db.stored import AnswerMeasured


class Reports(Protocol):
    """Where an engine tells how it goes. Neither call waits or raises."""

    def measured(self, one: AnswerMeasured) -> None:
        """What one answer took."""

    def stands(self, what: str, sentence: str | None) -> None:
        """How a server of models stands, for the board; None takes the sentence down."""


class NoReports:
    """Fills `Reports` where nobody listens."""

    def measured(self, one: AnswerMeasured) -> None:
        """Drops it."""

    def stands(self, what: str, sentence: str | None) -> None:
        """Drops it."""


NO_REPORTS: Final = NoReports()
