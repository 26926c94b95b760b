"""What Echo itself says in channels: the question to the subject, and how their profile stands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import nextcord

from echo.discord import consent, consent_texts
from echo.discord.answers import name_of, working, written
from echo.discord.collecting.places import Exclusions
from echo.discord.consent import Button
from echo.discord.dates import show_day, show_time
from echo.discord.disclosure import hello
from echo.discord.failures import OutOfReach, mapped
from echo.discord.openings import Openings
from echo.discord.permits import readable_channels
from echo.discord.replies import view_of
from echo.errors import EchoError
from echo.ports import ChannelGone
from echo.settings import Settings
from states.board import Board
from states.effects import Notice
from states.model import Deadline, ProfileSnapshot, ProfileState, SessionSnapshot
from states.throttle import Failures, Throttle

log = logging.getLogger(__name__)

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
NONCE_LENGTH: Final = 25
"""Characters: the most of a nonce (Discord API reference, "Create Message")."""
_MAKING: Final = (ProfileState.COLLECTING, ProfileState.TRAINING)


def stays_here(settings: Settings) -> bool:
    """Whether what is read stays on this computer: the engine is embedded, or all its servers run here."""
    hosts = {urlsplit(address).hostname for address in settings.ollama_addresses}
    return settings.engine == "embedded" or hosts <= set(LOOPBACK)


class Notices:
    """The part of `Chat` that asks the subject and tells the channel."""

    def __init__(
        self,
        client: nextcord.Client,
        board: Board,
        settings: Settings,
        clock: Callable[[], datetime],
        openings: Openings,
    ) -> None:
        self._client = client
        self._board = board
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone)
        self._exclusions = Exclusions(settings.collect_nsfw, settings.excluded_channel_ids)
        self._clock = clock
        self._openings = openings
        self._failing: Throttle[int] = Throttle()
        self._settling: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def ask_consent(self, profile: ProfileSnapshot, nonce: str, standing: int | None = None) -> int:
        """Put the question with its buttons in `profile.channel_id`; the message's id.

        It is not put again where it stands there as the message `standing`. No other message is looked at: nothing
        that anybody wrote is read before they agreed. Raises ChannelGone or ServiceUnavailable.
        """
        text, buttons = self._question(profile), self._buttons(profile)
        opening = self._openings.of(profile)
        with _reaching("ask in this channel"):
            if standing is not None and await self._stands(profile, standing):
                if opening is not None:
                    opening.found(standing)
                return standing
            message_id = await opening.put(text, buttons, profile.user_id) if opening is not None else None
            if message_id is not None:
                return message_id
            return await self._post(profile.channel_id, text, buttons, nonce, pinged=profile.user_id)

    async def announce(self, profile: ProfileSnapshot, notice: Notice, nonce: str) -> None:
        """Settle the question's message, and tell the channel when an echo is ready or needs somebody.

        Raises ChannelGone or ServiceUnavailable.
        """
        with _reaching("tell the channel how this echo stands"):
            await self._settle_question(profile, notice)
            text = self._news(profile, notice)
            if notice is Notice.STUCK:
                await self._tell_failure(profile, str(text), self._failing.failed(profile.id, self._clock()), nonce)
                return
            self._failing.succeeded(profile.id)
            if text is not None:
                await self._post(profile.channel_id, text, (), nonce, pinged=profile.asker_id)

    async def tell_overdue(self) -> None:
        """Tell of failures that were only counted, where nothing has failed or worked since."""
        for profile_id, failures in self._failing.overdue(self._clock()).items():
            profile = self._board.profiles.get(profile_id)
            if profile is None or not profile.has_consent:
                self._failing.succeeded(profile_id)
                continue
            text = str(self._news(profile, Notice.STUCK))
            nonce = f"fail-{profile_id}-{failures.since.timestamp():.0f}"
            try:
                with _reaching("tell the channel how this echo stands"):
                    await self._tell_failure(profile, text, failures, nonce)
            except (ChannelGone, EchoError) as error:
                log.info("How often profile %d failed could not be told: %s", profile_id, error)

    async def _tell_failure(self, profile: ProfileSnapshot, text: str, failures: Failures | None, nonce: str) -> None:
        """The first failure at once, pinging who asked; what follows is counted, and told from time to time."""
        if failures is None:
            return
        pinged = None if failures.count else profile.asker_id
        await self._post(profile.channel_id, f"{text} {failures.sentence}".rstrip(), (), nonce, pinged=pinged)
        self._failing.told(profile.id, self._clock())

    async def disclose(self, session: SessionSnapshot, profile: ProfileSnapshot, nonce: str) -> None:
        """Tell the channel that an echo is online there: as the answer to who brought it, or by itself.

        Raises ChannelGone or ServiceUnavailable.
        """
        arrival = self._openings.arrival_of(session)
        with _reaching("tell this channel that an echo is online"):
            if arrival is None or not await arrival.put():
                await self._post(session.channel_id, hello(name_of(self._board, profile)), (), nonce)

    async def tell(self, channel_id: int, text: str, nonce: str, buttons: Sequence[Button] = ()) -> None:
        """Say something for Echo itself, once for each nonce, pinging nobody. Raises as `disclose` does."""
        with _reaching("tell this channel something"):
            await self._post(channel_id, text, buttons, nonce)

    async def show_progress(self, profile: ProfileSnapshot) -> None:
        """Bring the question's message up to date while the echo is made. Raises ChannelGone or ServiceUnavailable."""
        with _reaching("show how far this echo is"):
            await self._settle_question(profile, Notice.COLLECTING, while_making=True)

    def words(self, profile: ProfileSnapshot, notice: Notice) -> str:
        """What the question's message says once it is answered."""
        return self._standing(profile, notice)[0]

    # texts

    def _question(self, profile: ProfileSnapshot) -> str:
        names = self._board.names
        server = self._client.get_guild(profile.server_id)
        due = profile.due.get(Deadline.CONSENT.value)
        return consent.ask(
            consent.Question(
                subject_id=profile.user_id,
                asker_id=profile.asker_id,
                asker=names.get(profile.asker_id) or f"user {profile.asker_id}",
                server=server.name if server else names.get(profile.server_id, "this server"),
                channels=readable_channels(server, self._exclusions) if server else (),
                before=None if profile.is_open_ended else show_day(profile.cutoff, self._zone),
                until=show_time(due, self._zone) if due else "its last day",
                stays=stays_here(self._settings),
            )
        )

    def _standing(self, profile: ProfileSnapshot, notice: Notice) -> tuple[str, tuple[Button, ...]]:
        """What the question's message says once it is answered, and the buttons that it then has."""
        name = name_of(self._board, profile)
        now = show_time(self._clock(), self._zone)
        stop = "`/echo offline` silences it; `/echo forget` or the button erases everything."
        agreed = f"**{name}** agreed to an echo of what they {written(profile, self._zone)}."
        match notice:
            case Notice.COLLECTING:
                rests = profile.reason if profile.paused else None
                return f"{agreed} {rests or working(self._board, profile)} {stop}", self._stop(profile)
            case Notice.WAITING:
                return self._waiting(profile, agreed)
            case Notice.READY:
                return f"{agreed} It is ready since {now}. {stop}", self._stop(profile)
            case Notice.RENEWED:
                return f"{agreed} It is ready, and learned anew at {now}. {stop}", self._stop(profile)
            case Notice.STUCK:
                return f"{agreed} It stands still: {profile.reason or 'see /echo status.'} {stop}", self._stop(profile)
            case _:
                reason = profile.reason or "It was erased."
                return f"The question about an echo of **{name}** is over. {reason} Nothing is kept.", ()

    def _waiting(self, profile: ProfileSnapshot, agreed: str) -> tuple[str, tuple[Button, ...]]:
        """Which key is missing, until when, and what is done without it."""
        name, due = name_of(self._board, profile), profile.due.get(Deadline.CONSENT.value)
        until = show_time(due, self._zone) if due else "its last day"
        kept = "What was read is kept encrypted and not used" if profile.messages else "Nothing is read"
        end = f"{kept} meanwhile. Without an answer this ends on {until}, and everything is erased."
        if profile.agreed:
            text = f"{agreed} Now somebody who manages this server has to allow it here. {end}"
            return text, (*consent.allow_button(profile.id), *self._stop(profile))
        why = profile.reason or "A key is out."
        allow = () if profile.approved else consent.allow_button(profile.id)
        text = f"The echo of **{name}** is offline. {why} It comes back only if **{name}** agrees"
        both = "" if profile.approved else " and somebody who manages this server allows it"
        return f"{text}{both}. {end}", (*self._buttons(profile), *allow)

    def reminder(self, profile: ProfileSnapshot) -> str:
        """What the subject is told before their consent ends."""
        server = self._client.get_guild(profile.server_id)
        ends = show_time(profile.expires, self._zone) if profile.expires else "soon"
        where = consent.plain(server.name if server else self._board.names.get(profile.server_id, "a server"))
        return (
            f"Your consent to an echo of you in **{where}** ends on {ends}. Then the echo goes offline by itself, and "
            "everything is erased after a while unless you agree anew. `/echo consent change` in that server shows "
            "what you agreed to, and lets you agree again."
        )

    async def remind(self, profile: ProfileSnapshot, nonce: str) -> None:
        """Tell the subject in the channel. Raises ChannelGone or ServiceUnavailable."""
        with _reaching("remind somebody in this channel"):
            text = f"<@{profile.user_id}>: {self.reminder(profile)}"
            await self._post(profile.channel_id, text, (), nonce, pinged=profile.user_id)

    def _buttons(self, profile: ProfileSnapshot) -> tuple[Button, ...]:
        version = consent_texts.version_of(stays_here(self._settings), profile.is_open_ended)
        return consent.question_buttons(profile.id, version)

    def _stop(self, profile: ProfileSnapshot) -> tuple[Button, ...]:
        return consent.forget_button(profile.id)

    def _news(self, profile: ProfileSnapshot, notice: Notice) -> str | None:
        name = name_of(self._board, profile)
        if notice is Notice.READY:
            return (
                f"<@{profile.asker_id}> The echo of **{name}** is ready. `/echo online` brings it into the channel "
                "where it should talk, `/echo offline` takes it out again."
            )
        if notice is Notice.STUCK:
            why = profile.reason or "see /echo status."
            return f"<@{profile.asker_id}> The echo of **{name}** needs somebody: {why}"
        return None

    # messages

    async def _post(
        self, channel_id: int, text: str, buttons: Sequence[Button], nonce: str, pinged: int | None = None
    ) -> int:
        """Send as the bot. The nonce is enforced: within some minutes the same one gives the first message again.

        nextcord sends nonces, but not that they are to be enforced; hence the raw route.
        """
        body: dict[str, Any] = {
            "content": text,
            "components": view_of(buttons).to_components(),
            "allowed_mentions": {"parse": [], "users": [] if pinged is None else [str(pinged)]},
            "nonce": nonce[:NONCE_LENGTH],
            "enforce_nonce": True,
        }
        route = nextcord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id)
        sent = await self._client.http.request(route, json=body)
        return int(sent["id"])

    async def _settle_question(self, profile: ProfileSnapshot, notice: Notice, *, while_making: bool = False) -> None:
        # One after another: of two changes under way at once the older one could come out on top.
        lock = self._settling.setdefault(profile.id, asyncio.Lock())
        async with lock:
            now = self._board.profiles.get(profile.id, profile)
            is_making = now.state in _MAKING and (now.reason is None or now.paused)
            if profile.consent_message_id is None or (while_making and not is_making):
                return
            await self._change_question(profile, notice)

    async def _change_question(self, profile: ProfileSnapshot, notice: Notice) -> None:
        text, buttons = self._standing(profile, notice)
        route = nextcord.http.Route(
            "PATCH",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=profile.channel_id,
            message_id=profile.consent_message_id,
        )
        body = {
            "content": text,
            "components": view_of(buttons).to_components(),
            "allowed_mentions": {"parse": []},
        }
        try:
            with mapped("change the message that asked"):
                await self._client.http.request(route, json=body)
        except OutOfReach as error:
            # Somebody may have deleted it: then nothing is left to settle.
            log.info("The question about profile %d is not there any more (code %d).", profile.id, error.code)

    async def _stands(self, profile: ProfileSnapshot, message_id: int) -> bool:
        """Whether that message of Echo's still asks about this profile."""
        wanted = {button.custom_id for button in self._buttons(profile)}
        route = nextcord.http.Route(
            "GET",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=profile.channel_id,
            message_id=message_id,
        )
        try:
            with mapped("see its question"):
                found = await self._client.http.request(route)
        except OutOfReach as error:
            log.info("The question about profile %d is not to be seen (code %d).", profile.id, error.code)
            return False
        return wanted <= {c.get("custom_id") for row in found.get("components", ()) for c in row.get("components", ())}


@contextmanager
def _reaching(doing: str) -> Iterator[None]:
    """Within this, what is out of reach is ChannelGone."""
    try:
        with mapped(doing):
            yield
    except OutOfReach as error:
        raise ChannelGone(str(error)) from error
