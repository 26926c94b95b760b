"""Who may read what: whether everybody who can see one channel can read another one. Pure.

Echo knows roles and overwrites, but not who is a member with which roles; so it asks whether there could be anybody,
with whatever roles, who sees the one and can't read the other. Sources: Discord API reference, "Permissions",
"Permission Overwrites" and "Channel Object".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

from echo.discord.collecting.access import (
    ADMINISTRATOR,
    ANNOUNCEMENT,
    CONNECT,
    READ_MESSAGE_HISTORY,
    STAGE,
    TEXT,
    VIEW_CHANNEL,
    VOICE,
    WITH_THREADS,
)

Json = Mapping[str, Any]
Overwrite = tuple[int, int]
"""Permissions denied and allowed."""

READING: Final = VIEW_CHANNEL | READ_MESSAGE_HISTORY
HEARD: Final = (VOICE, STAGE)
"""The types of channel whose messages only those can read who may enter."""
SHOWABLE: Final = (TEXT, ANNOUNCEMENT)
"""The types of channel whose messages may be shown elsewhere: who can enter a voice channel or thread is another
question."""
PUBLIC_THREADS: Final = (10, 11)
MEMBER: Final = 1
"""The type of an overwrite that is about one member; 0 is about a role."""
NEUTRAL: Final[Overwrite] = (0, 0)


@dataclass(frozen=True, slots=True)
class Overwrites:
    """A channel's overwrites, by the ids of roles and of members."""

    roles: Mapping[int, Overwrite] = field(default_factory=dict)
    members: Mapping[int, Overwrite] = field(default_factory=dict)

    @classmethod
    def of(cls, channel: Json) -> Overwrites:
        """Those of a channel of Discord's JSON."""
        found: tuple[dict[int, Overwrite], dict[int, Overwrite]] = ({}, {})
        for one in channel["permission_overwrites"]:
            found[int(one["type"]) == MEMBER][int(one["id"])] = (int(one["deny"]), int(one["allow"]))
        return cls(*found)


@dataclass(frozen=True, slots=True, order=True)
class _Role:
    """What a role gives and denies, as far as it matters; roles that are alike are one."""

    base: int
    here: Overwrite
    source: Overwrite


def includes(
    roles: Mapping[int, int], everyone_id: int, source: Overwrites, here: Overwrites, needs: int = READING
) -> bool:
    """Whether whoever may see the channel `here` may surely read `source` and what was said there.

    `roles` gives each role's permissions, `everyone_id` the role that all have (the server's own id). `needs` are the
    permissions that it takes to read `source`.
    """
    if roles[everyone_id] & ADMINISTRATOR:
        return True
    matters = needs | VIEW_CHANNEL

    def worn(role_id: int) -> _Role:
        overwrites = here.roles.get(role_id, NEUTRAL), source.roles.get(role_id, NEUTRAL)
        return _Role(roles[role_id] & matters, *(_masked(one, matters) for one in overwrites))

    # An administrator reads everything, whatever else they are.
    others = {worn(one) for one, may in roles.items() if one != everyone_id and not may & ADMINISTRATOR}
    members = {NEUTRAL_BOTH}
    for one in {*here.members, *source.members}:
        own = here.members.get(one, NEUTRAL), source.members.get(one, NEUTRAL)
        members.add((_masked(own[0], matters), _masked(own[1], matters)))
    return _is_included(worn(everyone_id), frozenset(others), frozenset(members), needs)


@lru_cache(maxsize=4096)
def _is_included(
    everyone: _Role, others: frozenset[_Role], members: frozenset[tuple[Overwrite, Overwrite]], needs: int
) -> bool:
    return not any(
        _sees_but_cannot_read(everyone, some, *own, needs) for own in members for some in _few(sorted(others))
    )


NEUTRAL_BOTH: Final = (NEUTRAL, NEUTRAL)


def readable_by_all_here(channels: Iterable[Json], roles: Iterable[Json], server_id: int, here_id: int) -> set[int]:
    """The ids of the channels that everybody who may see the channel `here_id` may read with their history.

    All of it is Discord's JSON; of a thread, `here_id` is the channel that it belongs to, which whoever sees the thread
    must be able to see. Age-restricted channels are left out, and where anything is not known, nothing is readable.
    Raises one of `MALFORMED` for anything else than what Discord describes.
    """
    known = {int(one["id"]): one for one in channels}
    permissions = {int(one["id"]): int(one["permissions"]) for one in roles}
    if here_id not in known or server_id not in permissions:
        return set()
    here = Overwrites.of(known[here_id])
    shown = (one for one in known.values() if one["type"] in SHOWABLE and not one.get("nsfw"))
    return {int(one["id"]) for one in shown if includes(permissions, server_id, Overwrites.of(one), here)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody speaks or spoke: a channel, or the thread `thread_id` of it, which may be private."""

    channel_id: int
    thread_id: int | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """A channel as far as it matters who reads there: its type as Discord numbers them, and its overwrites."""

    type: int
    nsfw: bool
    overwrites: Overwrites


@dataclass(frozen=True, slots=True)
class Server:
    """A server's roles, with the permissions of each, and its channels; its id is that of the role that all have."""

    id: int
    roles: Mapping[int, int]
    channels: Mapping[int, Ground]


def may_recall(server: Server, here: Place, source: Place) -> bool:
    """Whether everybody who may read `here` may surely read what was said in `source`: what is not known is no.

    Who reads a thread sees its channel, and who reads a channel reads its public threads. A private thread is read by
    those alone who were let in, so by nobody elsewhere. In voice channels only who may enter reads, which nobody may
    for a while to whom the server gives a time-out: they read none of them, but go on reading elsewhere.
    """
    said_in, spoken_in = server.channels.get(source.channel_id), server.channels.get(here.channel_id)
    if said_in is None or spoken_in is None or server.id not in server.roles:
        return False
    if said_in.nsfw and not spoken_in.nsfw:
        return False
    if source.is_private and source.thread_id != here.thread_id:
        return False
    if said_in.type in HEARD:
        is_heard, needs = source.thread_id is None and spoken_in.type in HEARD, READING | CONNECT
    else:
        kinds = SHOWABLE if source.thread_id is None else WITH_THREADS
        is_heard, needs = said_in.type in kinds, READING
    return is_heard and includes(server.roles, server.id, said_in.overwrites, spoken_in.overwrites, needs)


def is_private(thread_type: int) -> bool:
    """Whether a thread of this type is read by those alone who were let in; of an unknown type it counts as such."""
    return thread_type not in PUBLIC_THREADS


def _masked(overwrite: Overwrite, matters: int) -> Overwrite:
    return overwrite[0] & matters, overwrite[1] & matters


def _few(roles: list[_Role]) -> Iterator[tuple[_Role, ...]]:
    """No role, each one, and each two: if anybody sees the one channel and can't read the other, so does somebody with
    two roles. One is enough to be let in here and one to be kept out there; all others can be taken off.
    """
    for number in range(3):
        yield from combinations(roles, number)


def _sees_but_cannot_read(
    everyone: _Role, some: tuple[_Role, ...], own_here: Overwrite, own_source: Overwrite, needs: int
) -> bool:
    base = everyone.base
    for role in some:
        base |= role.base
    here = _held(base, everyone.here, [role.here for role in some], own_here)
    source = _held(base, everyone.source, [role.source for role in some], own_source)
    return bool(here & VIEW_CHANNEL) and source & needs != needs


def _held(base: int, everyone: Overwrite, roles: Iterable[Overwrite], own: Overwrite) -> int:
    """What is left after a channel's overwrites: everyone's, then those of all roles together, then one's own."""
    deny, allow = 0, 0
    for role in roles:
        deny, allow = deny | role[0], allow | role[1]
    for taken, given in (everyone, (deny, allow), own):
        base = base & ~taken | given
    return base
