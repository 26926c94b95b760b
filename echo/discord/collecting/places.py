"""Where in a server messages may stand: which of its channels and threads are read, and why the others are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import nextcord

from db.restricting import NOT_AGREED
from db.stored import Outcome, PlaceResult
from echo.discord.collecting.access import CATEGORY, READABLE, WITH_MESSAGES, Json, Membership, obstacle
from echo.errors import NoPermission, ServiceUnavailable
from states.terms import DEFAULT_TERMS, Terms


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or thread that can be read.

    `newest` is the id of its last message, as far as is known. `is_silent`: nothing was ever written there. `note`:
    a sentence on what of it could not be looked at. `parent_id` is the channel of a thread.
    """

    channel_id: int
    newest: int | None = None
    is_silent: bool = False
    note: str | None = None
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is not to be read: age-restricted channels unless `nsfw`, `channels` by id, categories among them, and what
    a subject's `terms` leave out."""

    nsfw: bool = False
    channels: Collection[int] = ()
    terms: Terms = DEFAULT_TERMS

    def reason(self, channel: Json, category: Json | None) -> str | None:
        """Why a channel is left out, in a sentence; None where it is not."""
        if int(channel["id"]) in self.channels or (category is not None and int(category["id"]) in self.channels):
            return "The setting excluded_channels leaves it out."
        if not self.terms.may_read(int(channel["id"])):
            return NOT_AGREED
        if channel.get("nsfw") and not self.nsfw:
            return "It is age-restricted, and the setting collect_nsfw is off."
        return None


@dataclass(slots=True)
class Channels:
    """A server's channels: those that can be read, by id, what came of the others, and the names of the public ones.

    An echo may say a channel's name to anybody, so that what is called how behind closed doors is not learnt.
    """

    readable: dict[int, Json] = field(default_factory=dict)
    results: list[PlaceResult] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    def places(self) -> list[Place]:
        """Those that hold messages themselves."""
        return [place_of(one) for one in self.readable.values() if one["type"] in WITH_MESSAGES]


def guild_of(client: nextcord.Client, server_id: int) -> nextcord.Guild:
    """The server. Raises NoPermission where Echo is no member, ServiceUnavailable while it is out of reach."""
    if client.is_closed():
        raise ServiceUnavailable("Echo is not connected to Discord at the moment; it will try again.")
    guild = client.get_guild(server_id)
    if guild is None and client.is_ready():
        raise NoPermission("Echo is no member of this server any more: invite it again, then retry.")
    if guild is None or guild.unavailable or guild.me is None:
        raise ServiceUnavailable("Discord has not made this server available to Echo yet; it will try again.")
    return guild


def sorted_out(listed: Iterable[Json], me: Membership, exclusions: Exclusions, upper_id: int) -> Channels:
    """What Discord's list of channels comes to. A channel that was made later than `upper_id` is not spoken of."""
    every = {int(one["id"]): one for one in listed}
    found = Channels(names={key: str(one["name"]) for key, one in every.items() if me.is_public(one)})
    for channel_id, channel in every.items():
        if channel["type"] not in READABLE or channel_id >= upper_id:
            continue
        category = every.get(int(channel["parent_id"])) if channel.get("parent_id") else None
        if category is not None and category["type"] != CATEGORY:
            category = None
        reason = exclusions.reason(channel, category) or obstacle(channel, me.in_channel(channel))
        if reason is None:
            found.readable[channel_id] = channel
        else:
            found.results.append(PlaceResult(channel_id, Outcome.SKIPPED, reason))
    return found


def place_of(channel: Json) -> Place:
    """A channel or thread of Discord's JSON as a place."""
    newest, is_thread = channel.get("last_message_id"), "thread_metadata" in channel
    # Of a thread whose only message is its first, Discord may know no last one.
    is_silent = newest is None and not is_thread
    parent_id = int(channel["parent_id"]) if is_thread else None
    return Place(int(channel["id"]), None if newest is None else int(newest), is_silent, parent_id=parent_id)


def threads_of(threads: Sequence[Json], channels: Channels, exclusions: Exclusions, upper_id: int) -> list[Place]:
    """The threads, each once, whose channels can be read, that are not left out and were made before `upper_id`."""
    found: dict[int, Place] = {}
    for thread in threads:
        thread_id = int(thread["id"])
        if thread_id < upper_id and int(thread["parent_id"]) in channels.readable:
            if thread_id in exclusions.channels:
                channels.results.append(PlaceResult(thread_id, Outcome.SKIPPED, exclusions.reason(thread, None)))
            else:
                found[thread_id] = place_of(thread)
    return list(found.values())
