"""What `echo-bot rehearse` asks of an echo, whatever its engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from echo.persona.turns import Burst, Utterance


class Rehearsed(Protocol):
    """An echo that can be rehearsed, whatever its engine. Times in seconds."""

    def fit(self, bursts: Sequence[Burst], author: str, seed: int) -> None:
        """Learns from turns, oldest first."""

    def reply(self, context: Sequence[Utterance]) -> list[str]:
        """One answer, 1..n messages."""

    def delay(self, context: Sequence[Utterance]) -> float:
        """Seconds before the first message."""

    def gaps(self, context: Sequence[Utterance], texts: Sequence[str]) -> list[float]:
        """Seconds between the messages of one answer."""

    def score(self, context: Sequence[Utterance], text: str) -> float:
        """How well the text fits as their answer; any monotone scale."""

    def wants(self, context: Sequence[Utterance]) -> float:
        """How much they want to speak now; any monotone scale."""
