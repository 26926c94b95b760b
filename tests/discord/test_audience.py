"""Whether everybody who sees one channel can read another: held against Discord's own rule, person by person."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord.audience import Overwrites, includes, readable_by_all_here
from echo.discord.collecting.access import ADMINISTRATOR, READ_MESSAGE_HISTORY, VIEW_CHANNEL

VIEW, HISTORY = VIEW_CHANNEL, READ_MESSAGE_HISTORY
SEND = 1 << 11
EVERYONE = 1
BITS = st.sampled_from([0, VIEW, HISTORY, VIEW | HISTORY, SEND, VIEW | SEND])
BASES = BITS | st.just(ADMINISTRATOR)
OVERWRITES = st.tuples(BITS, BITS).map(lambda both: (both[0] & ~both[1], both[1]))


def may(roles: dict[int, int], worn: frozenset[int], member: int, channel: Overwrites) -> int:
    """Discord's rule, as its reference writes it down, for one member."""
    base = roles[EVERYONE]
    for role in worn:
        base |= roles[role]
    if base & ADMINISTRATOR:
        return -1
    deny, allow = channel.roles.get(EVERYONE, (0, 0))
    base = base & ~deny | allow
    denied = allowed = 0
    for role in worn:
        deny, allow = channel.roles.get(role, (0, 0))
        denied |= deny
        allowed |= allow
    base = base & ~denied | allowed
    deny, allow = channel.members.get(member, (0, 0))
    return base & ~deny | allow


def reads(held: int) -> bool:
    return bool(held & VIEW) and bool(held & HISTORY)


ROLES = st.dictionaries(st.integers(2, 5), BASES, max_size=4).flatmap(
    lambda others: BITS.map(lambda base: {EVERYONE: base, **others})
)


def channels(roles: dict[int, int]) -> st.SearchStrategy[Overwrites]:
    some_roles = st.dictionaries(st.sampled_from(sorted(roles)), OVERWRITES, max_size=4)
    return st.builds(Overwrites, some_roles, st.dictionaries(st.integers(101, 103), OVERWRITES, max_size=2))


@settings(max_examples=120, deadline=None)
@given(st.data(), ROLES)
def test_a_channel_is_included_just_where_nobody_could_see_here_and_not_read_there(
    data: st.DataObject, roles: dict[int, int]
) -> None:
    source, here = data.draw(channels(roles)), data.draw(channels(roles))
    others = sorted(set(roles) - {EVERYONE})
    wearing = [frozenset(some) for number in range(len(others) + 1) for some in combinations(others, number)]
    everybody = [(worn, member) for worn in wearing for member in (0, 101, 102, 103)]
    left_out = [who for who in everybody if may(roles, *who, here) & VIEW and not reads(may(roles, *who, source))]
    assert includes(roles, EVERYONE, source, here) == (not left_out)


def a_channel(channel_id: int, kind: int = 0, *, nsfw: bool = False, **overwrites: tuple[int, int, int]) -> Any:
    """A channel of Discord's JSON; overwrites are type, deny and allow by id (`r2`, `m101`)."""
    told = [
        {"id": name[1:], "type": of, "deny": str(deny), "allow": str(allow)}
        for name, (of, deny, allow) in overwrites.items()
    ]
    return {"id": str(channel_id), "type": kind, "nsfw": nsfw, "permission_overwrites": told}


OPEN = VIEW | HISTORY
ROLE_LIST = [{"id": "1", "permissions": str(OPEN)}, {"id": "2", "permissions": "0"}]
PUBLIC = a_channel(10)
STAFF = a_channel(11, r1=(0, VIEW, 0), r2=(0, 0, VIEW))
NO_HISTORY = a_channel(12, r1=(0, HISTORY, 0))
ONE_OUT = a_channel(13, m101=(1, VIEW, 0))


def readable(here: int, *more: Any) -> set[int]:
    return readable_by_all_here([PUBLIC, STAFF, NO_HISTORY, ONE_OUT, *more], ROLE_LIST, 1, here)


def test_what_stood_among_the_staff_is_not_shown_in_public_but_the_other_way_round() -> None:
    assert readable(10) == {10}
    assert readable(11) == {10, 11}


def test_who_is_kept_out_by_name_counts_too() -> None:
    assert 13 not in readable(10)
    assert 13 in readable(13)


def test_without_the_history_a_channel_is_not_read_even_by_those_who_see_it() -> None:
    assert 12 not in readable(12)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 99], ids=lambda kind: f"type {kind}")
def test_only_channels_with_messages_for_all_who_see_them_are_shown(kind: int) -> None:
    assert readable(10, a_channel(20, kind)) == {10}
    assert readable(10, a_channel(20, 5)) == {10, 20}


def test_age_restricted_channels_are_left_out() -> None:
    assert readable(10, a_channel(20, nsfw=True)) == {10}


def test_where_something_is_not_known_nothing_is_shown() -> None:
    assert readable(99) == set(), "a channel that is gone"
    assert readable_by_all_here([PUBLIC], [], 1, 10) == set(), "a server without roles"
