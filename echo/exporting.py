"""`/echo export`: gives its subject everything that is held about them, and takes it out of direct messages in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from nextcord.http import Route

from db.audit import Act
from db.errors import StorageError
from echo.discord.asking import Asking
from echo.discord.client import EchoClient
from echo.discord.dates import show_span
from echo.discord.failures import OutOfReach, Rejected, mapped
from echo.discord.letters import Enclosure, Letters
from echo.discord.private import PrivateAsking
from echo.discord.replies import Reply
from echo.discord.translate import Call
from echo.errors import EchoError, UsageError
from echo.export_files import parts
from echo.held_data import held_about
from echo.settings import Settings
from echo.store import Store
from states.board import Board
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

LIMIT: Final = 10 * 2**20 - 64 * 1024
"""Bytes of a file: what Discord takes from a bot anywhere (10 MiB), less what goes with it."""
NONE: Final = "Echo holds nothing about you as somebody who has or had an echo{here}."
AGAIN: Final = "You were given an export a short while ago: ask again in {span}."
SENT: Final = (
    "Everything that is held about you is in your direct messages now{count}: a ZIP file with a page to be read and "
    "JSON for programs. Echo deletes it there in {hours} hours; save it before, and keep it safe."
)
LETTER: Final = (
    "Here is what Echo holds about you{part}. Open `index.html` in the ZIP file. It holds what you wrote in the clear: "
    "keep it safe. Echo deletes this message in {hours} hours."
)
CLOSED: Final = (
    "Your direct messages are closed to Echo, so that the export could not be sent: allow direct messages from members "
    "of this server and try again, or ask whoever runs this bot to hand it over (echo-bot export --user {user} "
    "--out FILE)."
)
TOO_LARGE: Final = (
    "It is too much to be sent through Discord: whoever runs this bot can hand it over (echo-bot export --user {user} "
    "--out FILE)."
)


class Exporting:
    """Makes exports for their subjects alone, not all the time, and deletes them from direct messages in time."""

    def __init__(
        self,
        store: Store,
        board: Board,
        letters: Letters,
        client: EchoClient,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._board = board
        self._letters = letters
        self._client = client
        self._settings = settings.retention
        self._clock = clock
        self._making: set[int] = set()

    def join(self, client: EchoClient) -> None:
        """Let the command be used, in servers and in direct messages."""
        client.commands.more["echo export"] = self.run
        client.private.commands["echo export"] = self.run_privately

    async def run(self, asking: Asking, call: Call) -> None:
        """Export what is held of the asker's echoes in this server."""
        server_id = asking.asker.server_id
        own = [one for one in self._own(asking.asker.id) if one.server_id == server_id]
        if not own:
            raise UsageError(NONE.format(here=" in this server"))
        await self._give(asking.reply, asking.asker.id, own)

    async def run_privately(self, asking: PrivateAsking, call: Call) -> None:
        """Export what is held of all echoes of whoever asks, wherever they are."""
        own = self._own(asking.user_id)
        if not own:
            raise UsageError(NONE.format(here=""))
        await self._give(asking.reply, asking.user_id, own)

    async def clean(self) -> None:
        """Delete exports whose time is over from the direct messages; what can't be reached now waits."""
        try:
            before = self._clock() - timedelta(hours=self._settings.export_hours)
            for given in await self._store.exports.due(before):
                route = Route(
                    "DELETE",
                    "/channels/{channel_id}/messages/{message_id}",
                    channel_id=given.channel_id,
                    message_id=given.message_id,
                )
                try:
                    with mapped("delete an export"):
                        await self._client.http.request(route)
                except (OutOfReach, Rejected) as refused:
                    log.info("An export was gone from direct messages already (code %d).", refused.code)
                await self._store.exports.removed(given)
        except (StorageError, EchoError) as error:
            log.info("Exports could not be deleted from direct messages yet: %s", error)

    def _own(self, user_id: int) -> list[ProfileSnapshot]:
        return sorted((p for p in self._board.profiles.values() if p.user_id == user_id), key=lambda one: one.id)

    async def _give(self, reply: Reply, user_id: int, own: Sequence[ProfileSnapshot]) -> None:
        now, last = self._clock(), await self._store.exports.last(user_id)
        pause = timedelta(hours=self._settings.export_pause_hours)
        if user_id in self._making or (last is not None and now - last < pause):
            span = show_span(pause if last is None or now - last >= pause else last + pause - now)
            raise UsageError(AGAIN.format(span=span))
        self._making.add(user_id)
        try:
            await reply.say(await reply.patiently(self._made(user_id, own)))
        finally:
            self._making.discard(user_id)

    async def _made(self, user_id: int, own: Sequence[ProfileSnapshot]) -> str:
        """Make it and send it; what to tell them."""
        held = [await held_about(self._store, profile) for profile in own]
        names = self._board.names
        servers = {str(one.server_id): names[one.server_id] for one in own if one.server_id in names}
        made_at = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        files = await asyncio.to_thread(parts, held, servers, made_at, LIMIT)
        if files is None:
            return TOO_LARGE.format(user=user_id)
        for profile in own:
            of = {"server_id": profile.server_id, "profile_id": profile.id}
            await self._store.audit.note(Act.EXPORTED, by=user_id, **of, parts=len(files))
        for number, content in enumerate(files, 1):
            part = f", part {number} of {len(files)}" if len(files) > 1 else ""
            text = LETTER.format(part=part, hours=self._settings.export_hours)
            posted = await self._letters.post(user_id, text, (Enclosure(f"echo-export-{number}.zip", content),))
            if posted is None:
                return CLOSED.format(user=user_id)
            await self._store.exports.note(user_id, *posted)
        count = f", in {len(files)} parts" if len(files) > 1 else ""
        return SENT.format(count=count, hours=self._settings.export_hours)
