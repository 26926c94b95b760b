"""Who may read what: whether everybody who can see one channel can read another one. Pure.

Echo knows roles and overwrites, but not who is a member with which roles; so it asks whether there could be anybody,
with whatever roles, who sees the one and can't read the other. Sources: Discord API reference, "Permissions",
"Permission Overwrites" and "Channel Object".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from echo.discord.collecting.access import (
    ADMINISTRATOR,
    ANNOUNCEMENT,
    READ_MESSAGE_HISTORY,
    TEXT,
    VIEW_CHANNEL,
)

Json = Mapping[str, Any]
Overwrite = tuple[int, int]
"""Permissions denied and allowed."""

READING: Final = VIEW_CHANNEL | READ_MESSAGE_HISTORY
SHOWABLE: Final = (TEXT, ANNOUNCEMENT)
"""The types of channel whose messages may be shown elsewhere: who can enter a voice channel or thread is another
question."""
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


def includes(roles: Mapping[int, int], everyone_id: int, source: Overwrites, here: Overwrites) -> bool:
    """Whether whoever may see the channel `here` may surely read `source` and what was said there.

    `roles` gives each role's permissions, `everyone_id` the role that all have (the server's own id).
    """
    if roles[everyone_id] & ADMINISTRATOR:
        return True

    def worn(role_id: int) -> _Role:
        overwrites = here.roles.get(role_id, NEUTRAL), source.roles.get(role_id, NEUTRAL)
        return _Role(roles[role_id] & READING, *(_masked(one) for one in overwrites))

    # An administrator reads everything, whatever else they are.
    others = {worn(one) for one, may in roles.items() if one != everyone_id and not may & ADMINISTRATOR}
    members = {NEUTRAL_BOTH}
    for one in {*here.members, *source.members}:
        members.add((_masked(here.members.get(one, NEUTRAL)), _masked(source.members.get(one, NEUTRAL))))
    return not any(
        _sees_but_cannot_read(worn(everyone_id), some, *own) for own in members for some in _few(sorted(others))
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


def _masked(overwrite: Overwrite) -> Overwrite:
    return overwrite[0] & READING, overwrite[1] & READING


def _few(roles: list[_Role]) -> Iterator[tuple[_Role, ...]]:
    """No role, each one, and each two: if anybody sees the one channel and can't read the other, so does somebody with
    two roles. One is enough to be let in here and one to be kept out there; all others can be taken off.
    """
    for number in range(3):
        yield from combinations(roles, number)


def _sees_but_cannot_read(everyone: _Role, some: tuple[_Role, ...], own_here: Overwrite, own_source: Overwrite) -> bool:
    base = everyone.base
    for role in some:
        base |= role.base
    here = _held(base, everyone.here, [role.here for role in some], own_here)
    source = _held(base, everyone.source, [role.source for role in some], own_source)
    return bool(here & VIEW_CHANNEL) and source & READING != READING


def _held(base: int, everyone: Overwrite, roles: Iterable[Overwrite], own: Overwrite) -> int:
    """What is left after a channel's overwrites: everyone's, then those of all roles together, then one's own."""
    deny, allow = 0, 0
    for role in roles:
        deny, allow = deny | role[0], allow | role[1]
    for taken, given in (everyone, (deny, allow), own):
        base = base & ~taken | given
    return base
