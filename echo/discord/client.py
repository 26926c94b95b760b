"""Echo's one connection to Discord: what comes in is translated and handed on."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import nextcord

from echo.corpus.mark import unmarked
from echo.discord import translate
from echo.discord.agreeing import Agreeing
from echo.discord.allowing import Allowing
from echo.discord.answers import WENT_WRONG
from echo.discord.buttons import Buttons
from echo.discord.commands import Commands, Places
from echo.discord.connecting import INTENT_REFUSED, TOKEN_REFUSED, closed_for_good, needed_intents, register, shut
from echo.discord.consenting import Consenting
from echo.discord.dispatches import Take, guard
from echo.discord.failures import mapped
from echo.discord.forgetting import Forgetting
from echo.discord.hearing import Hearing
from echo.discord.importing import Importing, Imports
from echo.discord.interactions import Interactions
from echo.discord.missed import hear_missed
from echo.discord.notices import stays_here
from echo.discord.openings import Openings
from echo.discord.permits import shown_name
from echo.discord.presses import Presses
from echo.discord.private import Private
from echo.discord.replies import Reply
from echo.discord.veil import unveiled
from echo.errors import ConfigError, EchoError, ServiceUnavailable
from echo.ports import Requests
from echo.settings import Settings
from states.board import Board, Fault
from states.model import ProfileState

log = logging.getLogger(__name__)

CONDITION: Final = "discord"
RECONNECT_FIRST, RECONNECT_MOST = 1.0, 60.0
"""Seconds before connecting anew after something that nextcord could not digest."""
FIRST_TRIES: Final = 3
"""Such failures in a row after which the start is given up."""


class EchoClient(nextcord.Client):
    """The connection. Build it inside the running loop; `serve` runs it, `wait_available` says when it can be used.

    `api_base` is the root of another server that speaks Discord's API (http://.../api/v10), given for the sandbox only.
    `openings` are to be shared with `Notices`. `speaker_of` gives which profile spoke a message of Discord's JSON (0:
    one that is gone), None for everybody else's; the composition sets it to what `Voice` knows, and adds to `commands`
    and `buttons` what is made later, and gives the `veil` through which messages are heard. `returned` is called when a
    connection begun anew is ready.
    """

    def __init__(
        self,
        requests: Requests,
        board: Board,
        hearing: Hearing,
        clock: Callable[[], datetime],
        settings: Settings,
        openings: Openings,
        imports: Imports,
        places: Places,
        api_base: str | None = None,
    ) -> None:
        if api_base is not None:
            nextcord.http.Route.BASE = api_base
        # At DEBUG nextcord logs whole requests and events, and with them what people write.
        library = logging.getLogger("nextcord")
        library.setLevel(max(logging.INFO, library.getEffectiveLevel()))
        # Nobody is heard or spoken to by voice here, so that no warning is due that a library for it is missing.
        nextcord.VoiceClient.warn_nacl = False
        super().__init__(
            intents=needed_intents(),
            max_messages=None,
            member_cache_flags=nextcord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=settings.guild_ready_timeout,
            allowed_mentions=nextcord.AllowedMentions.none(),
        )
        self.openings = openings
        self._witnesses: dict[str, list[Take]] = {}
        self.veil = unveiled()
        self.returned: Callable[[], None] = lambda: None
        self.speaker_of: Callable[[translate.Raw], int | None] = lambda raw: None
        self.overhear: Take = lambda raw: None
        """Takes each message of a server before it is heard, also one that was missed."""
        self._requests = requests
        self._board = board
        self._hearing = hearing
        self._clock = clock
        agreeing = Agreeing(requests, board, clock, settings, stays_here(settings))
        presses = Presses(requests, board, clock, agreeing)
        allowing = Allowing(requests, board, clock, settings.openers_per_day)
        consenting = Consenting(requests, board, clock, ZoneInfo(settings.timezone), agreeing)
        self.buttons = Buttons(presses, allowing, agreeing)
        self.commands = Commands(
            *(requests, board, clock, settings, openings),
            Importing(board, imports, settings.import_limit),
            places,
            {"echo allow": allowing.run} | consenting.commands(),
        )
        self.commands.forms.append(agreeing.submit)
        self.private = self._join_private(Forgetting(requests, board, clock))
        self.interactions = Interactions(
            self.commands, self.buttons, self.private, board, lambda: self.user.id if self.user is not None else None
        )
        self._available: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_registered = False
        self._failure: EchoError | None = None
        self._connection.parsers["MESSAGE_CREATE"] = self._see_message
        guard(self._connection.parsers, self._witnesses)

    def witness(self, name: str, take: Take) -> None:
        """From now on `take` sees the raw data of each dispatch of this name, after those who came before it.

        It is called before nextcord acts on it, and raises one of MALFORMED for what Discord never sends.
        """
        self._witnesses.setdefault(name, []).append(take)

    def _join_private(self, forgetting: Forgetting) -> Private:
        """What works in direct messages; erasing does in servers, too."""
        private = Private()
        private.commands["echo help"] = self.commands.help_privately
        private.commands["echo forget"] = forgetting.run_privately
        private.presses.append(forgetting.press_privately)
        self.commands.more["echo forget"] = forgetting.run
        self.buttons.more.append(forgetting.press)
        return private

    # connecting

    async def serve(self, token: str) -> None:
        """Log in, connect and stay connected until closed or cancelled.

        Raises ConfigError for a refused token or intent, ServiceUnavailable where Discord is out of reach at the start.
        """
        try:
            await self._log_in(token)
            await self._stay_connected()
            if self._failure is not None:
                raise self._failure
        except EchoError as error:
            if not self._available.done():
                self._available.set_exception(error)
                self._available.exception()
            raise
        finally:
            self._available.cancel()
            await self.close()

    async def close(self) -> None:
        """Close the connection for good."""
        shut(self)
        await super().close()
        # Whoever began to close it may have been cancelled over it.
        await self.http.close()

    async def wait_available(self) -> None:
        """Return once connected, with the servers there and the commands registered. Raises what `serve` raises."""
        await asyncio.shield(self._available)

    async def _log_in(self, token: str) -> None:
        try:
            with mapped("log in"):
                await self.login(token)
        except nextcord.LoginFailure as error:
            raise ConfigError(TOKEN_REFUSED) from error

    async def _stay_connected(self) -> None:
        """Connect again and again: nextcord itself gives up over what it can't digest."""
        pause, tries = RECONNECT_FIRST, 0
        while not self.is_closed():
            try:
                await self.connect()
            except nextcord.PrivilegedIntentsRequired as error:
                raise ConfigError(INTENT_REFUSED) from error
            except nextcord.ConnectionClosed as error:
                raise closed_for_good(error.code) from error
            except (*translate.MALFORMED, aiohttp.ClientError, OSError) as error:
                tries += 1
                if not self._available.done() and tries >= FIRST_TRIES:
                    raise ServiceUnavailable(
                        "Discord could not be reached, or does not speak as expected: see whether it is up at "
                        "https://discordstatus.com, then start Echo again."
                    ) from error
                log.warning("The connection to Discord broke (%s); connecting anew.", type(error).__name__)
                self._board.set_condition(CONDITION, "The connection to Discord broke; Echo is connecting anew.")
                await self._drop_connection()
                await asyncio.sleep(pause)
                pause = min(RECONNECT_MOST, 2 * pause)

    async def _drop_connection(self) -> None:
        """Close what broke: its heartbeats would go on beside the new connection, and end that one as well."""
        broken: Any = self.ws
        if broken is not None:
            await broken.close(code=4000)

    async def on_connect(self) -> None:
        """Register the commands, once, and look whether they are there: nextcord would only log that they are not."""
        self._board.set_condition(CONDITION, None)
        if self._is_registered:
            return
        try:
            await register(self.http, self.application_id or (self.user.id if self.user else 0))
        except EchoError as error:
            self._failure = error
            await self.close()
            return
        self._is_registered = True
        self._look_whether_available()

    async def on_disconnect(self) -> None:
        """Tell the operator."""
        self._board.set_condition(CONDITION, "Discord is out of reach; Echo connects again by itself.")

    async def on_resumed(self) -> None:
        """Tell the operator."""
        self._board.set_condition(CONDITION, None)

    async def on_ready(self) -> None:
        """All servers that Discord gives at once are there. A connection begun anew has missed what was said."""
        if self._available.done():
            self.returned()
            await self.catch_up()
        self._look_whether_available()

    async def on_guild_available(self, guild: nextcord.Guild) -> None:
        """A server can be used."""
        self._learn_names(guild)
        self._look_whether_available()
        await self._learn_subjects(guild)

    async def on_guild_join(self, guild: nextcord.Guild) -> None:
        """A server is new, or was away for long."""
        await self.on_guild_available(guild)

    async def on_guild_remove(self, guild: nextcord.Guild) -> None:
        """Echo is no member any more: nothing of it is online there."""
        for session in self._board.sessions_online(guild.id):
            await self._requests.offline(session.id, 0, "Echo is no member of this server any more.")

    async def on_guild_channel_create(self, channel: nextcord.abc.GuildChannel) -> None:
        """Learn its name."""
        self._board.name({channel.id: channel.name})

    async def on_guild_channel_update(self, _: nextcord.abc.GuildChannel, channel: nextcord.abc.GuildChannel) -> None:
        """Learn its new name."""
        self._board.name({channel.id: channel.name})

    def _look_whether_available(self) -> None:
        here = self.is_ready() or (bool(self.guilds) and not any(guild.unavailable for guild in self.guilds))
        if self._is_registered and here and not self._available.done():
            self._available.set_result(None)

    def _learn_names(self, guild: nextcord.Guild) -> None:
        names = {place.id: place.name for place in (*guild.channels, *guild.threads)}
        self._board.name({guild.id: guild.name, **names})

    async def _learn_subjects(self, guild: nextcord.Guild) -> None:
        """Learn what the subjects are called: after a restart the board does not know."""
        for profile in tuple(self._board.profiles_in(guild.id).values()):
            if profile.user_id in self._board.names or profile.state is ProfileState.FORGOTTEN:
                continue
            try:
                with mapped("look up a member"):
                    member = await guild.fetch_member(profile.user_id)
            except EchoError as error:
                log.info("The subject of profile %d could not be looked up: %s", profile.id, error)
            else:
                self._board.name({member.id: shown_name(member)})

    # messages

    async def catch_up(self) -> None:
        """Hear what was said lately in the channels where echoes are online, while Echo was not connected."""
        missable = self._hearing.missable()
        for guild in self.guilds if missable else ():
            # Without their subjects' names nobody could tell who is called, nor whose echo has spoken.
            await self._learn_subjects(guild)
        await hear_missed(self.http, missable, self._see_message)

    def _see_message(self, raw: translate.Raw) -> None:
        """Hear a message straight from its JSON: nextcord's objects would cost ten times as much."""
        if self.user is None or raw.get("guild_id") is None:
            return
        # A halt word counts whoever says it.
        self.overhear(raw)
        shown = self.veil.seen(raw, int(raw["guild_id"]))
        if shown is None:
            return
        raw = shown
        answered = raw.get("referenced_message")
        seen = translate.seen(raw, self.user.id, self._speaker(raw), self._speaker(answered) if answered else None)
        if seen is not None:
            self._hearing.hear(seen, self.user.id)

    def _speaker(self, raw: translate.Raw) -> int | None:
        """Which profile spoke. Only what came through a webhook or from the bot needs to be looked at closely."""
        by_echo = self.user is not None and int(raw["author"]["id"]) == self.user.id
        return self.speaker_of(raw) if by_echo or raw.get("webhook_id") is not None else None

    async def on_raw_message_edit(self, payload: nextcord.RawMessageUpdateEvent) -> None:
        """What was edited is remembered as it is now."""
        text = payload.data.get("content")
        if text:
            shown = self.veil.text(payload.guild_id or 0, unmarked(str(text)))
            self._hearing.amend(payload.channel_id, payload.message_id, shown)

    async def on_raw_message_delete(self, payload: nextcord.RawMessageDeleteEvent) -> None:
        """What was deleted is not remembered."""
        self._hearing.drop(payload.channel_id, (payload.message_id,))

    async def on_raw_bulk_message_delete(self, payload: nextcord.RawBulkMessageDeleteEvent) -> None:
        """What was deleted is not remembered."""
        self._hearing.drop(payload.channel_id, payload.message_ids)

    # interactions

    async def on_interaction(self, interaction: nextcord.Interaction[Any]) -> None:
        """Hand a command, form or press on."""
        await self.interactions.handle(interaction)

    async def on_error(self, event_method: str, *args: Any, **kwargs: Any) -> None:
        """Something unexpected: a fault for the operator, one sentence for whoever waits for an answer.

        The failure's own words are left out: they may quote a message.
        """
        error = sys.exc_info()[1]
        last = traceback.extract_tb(error.__traceback__)[-1] if error is not None else None
        where = f" at {last.filename.rsplit('/', 1)[-1]}:{last.lineno}" if last else ""
        what = f"{type(error).__name__}{where}"
        log.error("Handling %s failed: %s.", event_method, what)
        sentence = f"Handling something that came from Discord failed ({what}); please report it."
        self._board.report(Fault(self._clock(), f"discord {event_method}", sentence))
        if event_method == "on_interaction" and args:
            await Reply(args[0]).say(WENT_WRONG)
