"""Of whom an echo may be asked for, and what Echo itself may do where. Each refusal is one sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import nextcord

from echo.discord import access
from echo.discord.access import Asker
from echo.discord.collecting.places import Exclusions
from echo.discord.consent import plain
from echo.discord.dates import show_day
from echo.discord.snowflakes import time_of
from echo.discord.translate import Person
from echo.errors import BadDate, NoPermission, NothingToRead, UsageError

_NONE: Final = Exclusions(nsfw=True)
_WITH_WORDS: Final = (nextcord.TextChannel, nextcord.ForumChannel, nextcord.VoiceChannel, nextcord.StageChannel)


def shown_name(user: nextcord.User | nextcord.Member) -> str:
    """By what name people see somebody. nextcord 2.6's own `display_name` knows nothing of global names."""
    nick = user.nick if isinstance(user, nextcord.Member) else None
    return str(nick or user.global_name or user.name)


def check_subject(asker: Asker, subject: Person, echo_id: int) -> None:
    """Raises UsageError for somebody who can't be echoed, NoPermission for whom this asker may not ask."""
    if subject.is_bot or subject.id == echo_id:
        raise UsageError(f"{plain(subject.name)} is a bot, and only people can have an echo: choose a person.")
    if not subject.is_member:
        raise UsageError("This person is not in this server: choose somebody from the list of its members.")
    access.check_person(asker, subject.id, plain(subject.name))


def check_age(subject: Person, server: nextcord.Guild, cutoff: datetime) -> None:
    """Raises BadDate where the subject or the server had not come to Discord before the cut-off."""
    for what, made in (
        (f"{plain(subject.name)} came to Discord", time_of(subject.id)),
        ("this server was made", server.created_at),
    ):
        if cutoff <= made:
            raise BadDate(
                f"Nothing was written here before {show_day(cutoff)}, because {what} on {show_day(made)}: give a later "
                "date."
            )


def check_bot(server: nextcord.Guild, here: nextcord.Permissions) -> None:
    """Raises NoPermission where Echo can't write in the channel, NothingToRead where it can read nowhere.

    `here` is what Echo may in the channel that is asked in.
    """
    if not (here.view_channel and here.send_messages):
        raise NoPermission(
            "Echo cannot write in this channel: give its role View Channel and Send Messages here, or use another "
            "channel."
        )
    if not readable_channels(server):
        raise NothingToRead(
            "Echo can read no channel of this server: give its role View Channel and Read Message History in at least "
            "one text channel."
        )


def check_stage(here: nextcord.Permissions) -> None:
    """Raises NoPermission where an echo could not speak: neither through a webhook nor as the bot."""
    if not (here.view_channel and (here.manage_webhooks or here.send_messages)):
        raise NoPermission(
            "Echo cannot speak in this channel: give its role View Channel and Send Messages (and best Manage "
            "Webhooks) here, or choose another channel."
        )


def readable_channels(server: nextcord.Guild, exclusions: Exclusions = _NONE) -> list[str]:
    """The names of the channels whose history Echo may read, in the order in which the server shows them.

    Without those that the settings leave out.
    """
    me = server.me
    found = []
    for channel in server.channels:
        if not isinstance(channel, _WITH_WORDS) or _is_left_out(channel, exclusions):
            continue
        may = channel.permissions_for(me)
        if may.view_channel and may.read_message_history and (may.connect or _is_written(channel)):
            found.append((not _is_written(channel), channel.position, channel.name))
    return [name for _, _, name in sorted(found)]


def _is_left_out(channel: nextcord.abc.GuildChannel, exclusions: Exclusions) -> bool:
    is_excluded = channel.id in exclusions.channels or channel.category_id in exclusions.channels
    return is_excluded or (bool(getattr(channel, "nsfw", False)) and not exclusions.nsfw)


def _is_written(channel: object) -> bool:
    return not isinstance(channel, nextcord.VoiceChannel | nextcord.StageChannel)
