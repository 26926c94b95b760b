"""Gives each press of a button, and each choice from a menu, to whom it is meant for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from echo.discord import allowances, consent, quiz_texts
from echo.discord.agreeing import Agreeing
from echo.discord.allowing import Allowing
from echo.discord.asking import Asking
from echo.discord.card import Card
from echo.discord.presses import Presses
from echo.discord.quizzing import Quizzing

Press: TypeAlias = Callable[[Asking, str], Awaitable[bool]]
"""Deals with the press of a button; False where it is not about that."""


class Buttons:
    """Reads custom ids; one that is not Echo's means nothing."""

    def __init__(self, presses: Presses, allowing: Allowing, agreeing: Agreeing) -> None:
        self._presses = presses
        self._allowing = allowing
        self._agreeing = agreeing
        self.quizzing: Quizzing | None = None
        self.card: Card | None = None
        self.more: list[Press] = []

    async def press(self, asking: Asking, custom_id: str, values: Sequence[str] = ()) -> None:
        """Deal with one press, or with the `values` chosen from a menu.

        Raises EchoError or StorageError with what its presser is to be told.
        """
        if (press := consent.read_press(custom_id)) is not None:
            await self._presses.press(asking, press)
        elif await self._agreeing.press(asking, custom_id, values):
            pass
        elif (allowed := allowances.read_press(custom_id)) is not None:
            await self._allowing.press(asking, allowed)
        elif self.quizzing is not None and (guess := quiz_texts.read_press(custom_id)) is not None:
            await self.quizzing.press(asking, guess)
        elif not await self._press_more(asking, custom_id) and self.card is not None:
            await self.card.press(asking, custom_id, values)

    async def _press_more(self, asking: Asking, custom_id: str) -> bool:
        for press in self.more:
            if await press(asking, custom_id):
                return True
        return False
