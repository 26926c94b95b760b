"""What people ask Echo for in direct messages: only what concerns their own echoes, wherever these are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from echo.discord.access import OUTSIDE
from echo.discord.replies import Reply
from echo.discord.translate import Call

OVER: Final = "This button or menu is over; call the command again."


@dataclass(frozen=True, slots=True)
class PrivateAsking:
    """One use of a command, button or menu in the direct messages of the user and Echo."""

    user_id: int
    name: str
    reply: Reply


Command = Callable[[PrivateAsking, Call], Awaitable[None]]
"""What does a command."""
Press = Callable[[PrivateAsking, str, Sequence[str]], Awaitable[bool]]
"""Deals with a press; False where it is not about that."""


class Private:
    """The commands that work in direct messages, by name, and what presses there may be about. Others may join them.

    Raises EchoError or StorageError with what whoever asked is to be told.
    """

    def __init__(self) -> None:
        self.commands: dict[str, Command] = {}
        self.presses: list[Press] = []

    async def run(self, asking: PrivateAsking, call: Call) -> None:
        """Do what a command asks for."""
        command = self.commands.get(call.name)
        if command is None:
            await asking.reply.say(OUTSIDE)
            return
        await command(asking, call)

    async def press(self, asking: PrivateAsking, custom_id: str, values: Sequence[str]) -> None:
        """Deal with one press, or with the `values` chosen from a menu."""
        for press in self.presses:
            if await press(asking, custom_id, values):
                return
        await asking.reply.say(OVER)
