"""A subject's card as it stands, with what they wish of it."""

from __future__ import annotations

from dataclasses import dataclass

from db.stored import NO_WISHES, Wishes
from echo.persona.bans import Bans
from echo.persona.card import CardLine


@dataclass(frozen=True, slots=True)
class Portrait:
    """All lines of the card, those that were struck among them; none before the echo has learnt."""

    lines: tuple[CardLine, ...] = ()
    wishes: Wishes = NO_WISHES

    def line(self, key: str) -> CardLine | None:
        """The line of this key, if there is one."""
        return next((line for line in self.lines if line.key == key), None)

    @property
    def unstruck(self) -> tuple[CardLine, ...]:
        """The lines that the echo is to be like, and that name nothing banned."""
        bans = Bans(self.wishes)
        return tuple(line for line in self.lines if line.key not in self.wishes.struck and not bans.names(line))
