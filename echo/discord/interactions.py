"""What people ask Echo for on Discord: commands, forms, presses, each handed on; what is refused is told at once."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import nextcord

from db.errors import StorageError
from echo.discord import access, translate
from echo.discord.access import Asker
from echo.discord.access_rows import Row
from echo.discord.answers import NOT_KEPT
from echo.discord.asking import Asking
from echo.discord.buttons import Buttons
from echo.discord.commands import Commands
from echo.discord.permits import shown_name
from echo.discord.private import Private, PrivateAsking
from echo.discord.replies import Reply
from echo.errors import EchoError, NoPermission
from states.board import Board

log = logging.getLogger(__name__)


class Interactions:
    """Every interaction comes through here. `echo_id` gives the id of Echo's user once it is known."""

    def __init__(
        self,
        commands: Commands,
        buttons: Buttons,
        private: Private,
        board: Board,
        echo_id: Callable[[], int | None],
    ) -> None:
        self._commands = commands
        self._buttons = buttons
        self._private = private
        self._board = board
        self._echo_id = echo_id
        self.tell_late: Callable[[int, int, str], Awaitable[None]] = _log_late
        """Tells somebody who asked in a channel what came of it after Discord took no answer any more."""
        self.limit: Callable[[int, int, int], None] = lambda user_id, channel_id, server_id: None
        """Counts a command of a user, in a channel, in a server. Raises LimitReached."""

    async def handle(self, interaction: nextcord.Interaction[Any]) -> None:
        """Hand a command, form or press on; what is refused is told in one sentence."""
        reply = Reply(interaction)
        data: dict[str, Any] = dict(interaction.data or {})
        try:
            row = _row(interaction.type, data)
            if interaction.guild_id is None and interaction.user is not None:
                await self._hand_on_privately(interaction, reply, data, row)
                return
            asking = self._asking(interaction, reply, row)
            access.enter(asking.asker)
            self._count(interaction.type, asking.asker)
            self._board.name({asking.asker.id: asking.asker.name})
            reply.late = functools.partial(self.tell_late, asking.asker.id, asking.asker.channel_id)
            await self._hand_on(interaction.type, asking, data)
        except EchoError as error:
            if interaction.type is nextcord.InteractionType.application_command_autocomplete:
                await reply.offer({})
            else:
                await reply.say(str(error))
        except StorageError as error:
            # Its own sentence is the operator's: it names files of this computer.
            log.warning("Something asked for on Discord was not kept: %s", error)
            await reply.say(NOT_KEPT)

    def _count(self, kind: nextcord.InteractionType, asker: Asker) -> None:
        """What silences or erases is never counted, nor is what Discord asks while somebody types."""
        if asker.row.limited and kind is not nextcord.InteractionType.application_command_autocomplete:
            self.limit(asker.id, asker.channel_id, asker.server_id)

    async def _hand_on(self, kind: nextcord.InteractionType, asking: Asking, data: dict[str, Any]) -> None:
        if kind is nextcord.InteractionType.application_command:
            await self._commands.run(asking, translate.call(data))
        elif kind is nextcord.InteractionType.application_command_autocomplete:
            await asking.reply.offer(self._commands.choices(asking.asker, translate.call(data)))
        elif kind is nextcord.InteractionType.modal_submit:
            await self._commands.submit(asking, str(data["custom_id"]), translate.field_values(data))
        elif kind is nextcord.InteractionType.component:
            await self._buttons.press(asking, str(data["custom_id"]), data.get("values") or ())

    async def _hand_on_privately(
        self, interaction: nextcord.Interaction[Any], reply: Reply, data: dict[str, Any], row: Row
    ) -> None:
        assert interaction.user is not None
        asking = PrivateAsking(interaction.user.id, shown_name(interaction.user), reply)
        asker = Asker(asking.user_id, asking.name, False, 0, 0, is_bot=interaction.user.bot, row=row)
        access.enter(asker)
        self._count(interaction.type, asker)
        if interaction.type is nextcord.InteractionType.application_command:
            await self._private.run(asking, translate.call(data))
        elif interaction.type is nextcord.InteractionType.application_command_autocomplete:
            await reply.offer({})
        elif interaction.type is nextcord.InteractionType.component:
            await self._private.press(asking, str(data["custom_id"]), data.get("values") or ())

    def _asking(self, interaction: nextcord.Interaction[Any], reply: Reply, row: Row) -> Asking:
        server, user, echo_id = interaction.guild, interaction.user, self._echo_id()
        if server is None or user is None or interaction.channel_id is None or echo_id is None:
            raise NoPermission(access.OUTSIDE)
        may = interaction.permissions
        asker = Asker(
            id=user.id,
            name=shown_name(user),
            is_manager=may.manage_guild or may.administrator,
            server_id=server.id,
            channel_id=interaction.channel_id,
            is_trusted=_is_trusted(user, self._board.trusted.get(server.id, frozenset())),
            is_bot=user.bot,
            row=row,
        )
        here = interaction.app_permissions
        if isinstance(interaction.channel, nextcord.Thread):
            here.send_messages = here.send_messages_in_threads
        pressed = interaction.message.id if interaction.message is not None else 0
        return Asking(asker, reply, server, here, echo_id, pressed)


def _is_trusted(user: nextcord.User | nextcord.Member, trusted: frozenset[int]) -> bool:
    return isinstance(user, nextcord.Member) and any(role.id in trusted for role in user.roles)


def _row(kind: nextcord.InteractionType, data: dict[str, Any]) -> Row:
    """What is used, by the table of who may do what. Raises UsageError for what it does not have."""
    if kind in (nextcord.InteractionType.modal_submit, nextcord.InteractionType.component):
        return access.known_id(str(data["custom_id"]))
    return access.known(translate.call(data).name)


async def _log_late(user_id: int, channel_id: int, text: str) -> None:
    log.info("What came of a command in channel %d could not be told any more.", channel_id)
