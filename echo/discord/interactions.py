"""What people ask Echo for on Discord: commands, forms, presses, each handed on; what is refused is told at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import nextcord

from db.errors import StorageError
from echo.discord import translate
from echo.discord.answers import NOT_KEPT
from echo.discord.buttons import Buttons
from echo.discord.commands import Commands
from echo.discord.permits import Asker, shown_name
from echo.discord.presses import Asking
from echo.discord.private import Private, PrivateAsking
from echo.discord.replies import Reply
from echo.errors import EchoError
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

    async def handle(self, interaction: nextcord.Interaction[Any]) -> None:
        """Hand a command, form or press on; what is refused is told in one sentence."""
        reply = Reply(interaction)
        asking = self._asking(interaction, reply)
        data: dict[str, Any] = dict(interaction.data or {})
        try:
            if asking is not None:
                self._board.name({asking.asker.id: asking.asker.name})
                await self._hand_on(interaction.type, asking, data)
            elif interaction.guild_id is None and interaction.user is not None:
                await self._hand_on_privately(interaction, reply, data)
            else:
                await reply.say("Echo works in servers, where it is a member: use this command there.")
        except EchoError as error:
            await reply.say(str(error))
        except StorageError as error:
            # Its own sentence is the operator's: it names files of this computer.
            log.warning("Something asked for on Discord was not kept: %s", error)
            await reply.say(NOT_KEPT)

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
        self, interaction: nextcord.Interaction[Any], reply: Reply, data: dict[str, Any]
    ) -> None:
        assert interaction.user is not None
        asking = PrivateAsking(interaction.user.id, shown_name(interaction.user), reply)
        if interaction.type is nextcord.InteractionType.application_command:
            await self._private.run(asking, translate.call(data))
        elif interaction.type is nextcord.InteractionType.application_command_autocomplete:
            await reply.offer({})
        elif interaction.type is nextcord.InteractionType.component:
            await self._private.press(asking, str(data["custom_id"]), data.get("values") or ())

    def _asking(self, interaction: nextcord.Interaction[Any], reply: Reply) -> Asking | None:
        server, user, echo_id = interaction.guild, interaction.user, self._echo_id()
        if server is None or user is None or interaction.channel_id is None or echo_id is None:
            return None
        may = interaction.permissions
        asker = Asker(
            id=user.id,
            name=shown_name(user),
            is_manager=may.manage_guild or may.administrator,
            server_id=server.id,
            channel_id=interaction.channel_id,
        )
        here = interaction.app_permissions
        if isinstance(interaction.channel, nextcord.Thread):
            here.send_messages = here.send_messages_in_threads
        pressed = interaction.message.id if interaction.message is not None else 0
        return Asking(asker, reply, server, here, echo_id, pressed)
