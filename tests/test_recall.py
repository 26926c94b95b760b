"""What an echo may recall where, held against an oracle that goes through all members of random servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.models import Models
from db.sources import Sources
from echo.discord.audience import Ground, Overwrites, Place, Server, is_private, may_recall
from echo.discord.collecting.access import (
    ADMINISTRATOR,
    CONNECT,
    FORUM,
    MANAGE_THREADS,
    READ_MESSAGE_HISTORY,
    STAGE,
    TEXT,
    VIEW_CHANNEL,
    VOICE,
)
from echo.engines.embedded import EmbeddedEngine
from echo.errors import NothingToRecall
from echo.held_models import PARTS, HeldModels
from echo.persona.turns import Burst
from echo.recall import Recall, Recalled
from states.board import Board
from states.model import OPEN_END, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState
from states.terms import Terms
from states.terms_in_force import TermsInForce
from tests.support.clock import HandClock

EVERYONE, ROLES, MEMBERS, CHANNELS, THREADS = 1, (2, 3, 4), (101, 102, 103, 104), (11, 12, 13, 14), (21, 22, 23)
BITS = (VIEW_CHANNEL, READ_MESSAGE_HISTORY, CONNECT, MANAGE_THREADS)
SEE, READ = VIEW_CHANNEL, VIEW_CHANNEL | READ_MESSAGE_HISTORY
PERMISSIONS = st.lists(st.sampled_from((*BITS, *BITS, *BITS, ADMINISTRATOR)), max_size=5).map(
    lambda some: sum(set(some))
)
OVERWRITE = st.tuples(st.sampled_from((0, *BITS, READ)), st.sampled_from((0, *BITS, READ))).map(
    lambda both: (both[0] & ~both[1], both[1])
)
FEW: st.SearchStrategy[dict[int, tuple[int, int]]] = st.just({})
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12


@dataclass(frozen=True)
class Member:
    """Somebody in the server, with roles, of age or not, and perhaps in a time-out."""

    id: int
    roles: frozenset[int]
    adult: bool
    timed_out: bool


@dataclass(frozen=True)
class Thread:
    """A thread, of which type, and who was let in."""

    parent_id: int
    type: int
    members: frozenset[int]


@dataclass(frozen=True)
class Town:
    """A whole server. It is also who tells what may be recalled where, as `Listeners` does by the gateway."""

    server: Server
    members: tuple[Member, ...]
    threads: dict[int, Thread]

    def recallable(self, server_id: int, here_id: int, source_ids: Iterable[int]) -> frozenset[int]:
        here = self.place(here_id)
        return frozenset(one for one in source_ids if may_recall(self.server, here, self.place(one)))

    def place(self, place_id: int) -> Place:
        thread = self.threads.get(place_id)
        return Place(place_id) if thread is None else Place(thread.parent_id, place_id, is_private(thread.type))

    def held(self, who: Member, channel_id: int) -> int:
        """Discord's rule, as its reference writes it down."""
        roles, ground = self.server.roles, self.server.channels[channel_id]
        base = roles[EVERYONE]
        for role in who.roles:
            base |= roles[role]
        if base & ADMINISTRATOR:
            return -1
        denied = allowed = 0
        for role in who.roles:
            deny, allow = ground.overwrites.roles.get(role, (0, 0))
            denied, allowed = denied | deny, allowed | allow
        grades = (ground.overwrites.roles.get(EVERYONE, (0, 0)), (denied, allowed))
        for deny, allow in (*grades, ground.overwrites.members.get(who.id, (0, 0))):
            base = base & ~deny | allow
        return base & READ if who.timed_out else base

    def reads(self, who: Member, place_id: int, needs: int) -> bool:
        """Whether somebody reads a place, where reading takes these permissions at the least."""
        thread = self.threads.get(place_id)
        channel_id = place_id if thread is None else thread.parent_id
        ground = self.server.channels.get(channel_id)
        if ground is None:
            return False
        held = self.held(who, channel_id)
        if ground.type in (VOICE, STAGE):
            needs |= CONNECT
        if thread is not None and is_private(thread.type):
            let_in = who.id in thread.members or bool(held & MANAGE_THREADS)
            return let_in and held & needs == needs and (who.adult or not ground.nsfw)
        return held & needs == needs and (who.adult or not ground.nsfw)


@st.composite
def towns(draw: st.DrawFn) -> Town:
    roles = {EVERYONE: draw(st.sampled_from((READ | CONNECT, READ, SEE, 0)))}
    roles |= {role: draw(PERMISSIONS) for role in draw(st.sets(st.sampled_from(ROLES)))}
    others = [role for role in roles if role != EVERYONE]
    grounds = {}
    for channel_id in CHANNELS:
        # Most channels are open, as they are in real servers; else nothing would ever be recalled.
        of_roles = draw(FEW | st.dictionaries(st.sampled_from(list(roles)), OVERWRITE, max_size=3))
        of_members = draw(FEW | st.dictionaries(st.sampled_from(MEMBERS), OVERWRITE, max_size=2))
        kind = draw(st.sampled_from((TEXT, VOICE, FORUM, TEXT, VOICE, 99)))
        grounds[channel_id] = Ground(kind, draw(st.booleans()), Overwrites(of_roles, of_members))
    members = tuple(
        Member(
            one,
            frozenset(draw(st.sets(st.sampled_from(others))) if others else ()),
            *draw(st.tuples(*[st.booleans()] * 2)),
        )
        for one in MEMBERS
    )
    threads = {
        one: Thread(
            draw(st.sampled_from(CHANNELS)),
            draw(st.sampled_from((PUBLIC_THREAD, PRIVATE_THREAD))),
            frozenset(draw(st.sets(st.sampled_from(MEMBERS)))),
        )
        for one in THREADS
    }
    return Town(Server(EVERYONE, roles, grounds), members, threads)


class Ids(EmbeddedEngine):
    """Has for a model the ids of the messages that were learnt."""

    async def learnt(self, model: bytes) -> frozenset[int]:
        return frozenset(json.loads(model))

    async def amend(self, model: bytes, version: str, added: Sequence[Burst], withdrawn: Collection[int]) -> bytes:
        return json.dumps([one for one in json.loads(model) if one not in withdrawn]).encode()


class Shelf:
    """Keeps one model."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.blob = json.dumps(sorted(ids)).encode()

    async def load(self, profile_id: int, version: int) -> bytes:
        return self.blob


class Where:
    """Knows where messages stood."""

    def __init__(self, places: dict[int, list[int]]) -> None:
        self.places = places

    async def of(self, profile_id: int) -> dict[int, list[int]]:
        return self.places

    async def channels_of(self, profile_id: int, version: int) -> frozenset[int]:
        return frozenset(self.places)


PROFILE = ProfileSnapshot(
    1, 1, ProfileState.READY, EVERYONE, 20, 20, 11, OPEN_END, HandClock()(), model_path="m", model_version=2
)


def recall_of(town: Town, places: dict[int, list[int]], more: Iterable[int] = ()) -> Recall:
    """What an echo that learnt these messages of these places, and `more` of unknown ones, may recall in a town."""
    board, engine = Board(), Ids()
    board.show(PROFILE)
    board.show(SessionSnapshot(1, 1, SessionState.LISTENING, 1, EVERYONE, 11, 20, HandClock()()))
    shelf = Shelf([*(one for ids in places.values() for one in ids), *more])
    held = HeldModels(board, cast(Models, shelf), engine.release)
    return Recall(held, cast(Sources, Where(places)), engine, town, TermsInForce())


def ids_of(recalled: Recalled) -> set[int]:
    return set(json.loads(recalled.blob))


EVERY_PLACE = (*CHANNELS, *THREADS, 999)
"""999 is gone."""


@settings(max_examples=100, deadline=None)
@given(towns())
def test_no_message_is_used_that_some_reader_of_the_channel_can_not_read(town: Town) -> None:
    recall = recall_of(town, {place: [place, -place] for place in EVERY_PLACE}, {10**6})

    async def used(here: int) -> set[int]:
        try:
            return ids_of(await recall.of(PROFILE, here))
        except NothingToRecall:
            return set()

    for here in EVERY_PLACE:
        found = asyncio.run(used(here))
        assert 10**6 not in found, "nobody knows where it stood"
        for who in town.members:
            if town.reads(who, here, SEE):
                unread = [place for place in found if not town.reads(who, abs(place), READ)]
                assert not unread, f"{who} reads {here}, but not {unread}"


OPEN_TOWN = Server(
    EVERYONE,
    {EVERYONE: READ | CONNECT, 2: 0},
    {
        11: Ground(TEXT, False, Overwrites()),
        12: Ground(TEXT, False, Overwrites({EVERYONE: (SEE, 0), 2: (0, SEE)})),
        13: Ground(VOICE, False, Overwrites()),
        14: Ground(FORUM, False, Overwrites()),
    },
)
THERE = {21: Thread(11, PUBLIC_THREAD, frozenset()), 22: Thread(11, PRIVATE_THREAD, frozenset({101}))}
THERE |= {23: Thread(14, PUBLIC_THREAD, frozenset())}


@pytest.mark.parametrize(
    ("here", "what"),
    [(11, {11, 21, 23}), (12, {11, 12, 21, 23}), (13, {11, 13, 21, 23}), (21, {11, 21, 23}), (22, {11, 21, 22, 23})],
    ids=["in the open", "among few", "in a voice channel", "in a thread", "in a private thread"],
)
async def test_what_all_can_read_is_recalled_and_nothing_else(here: int, what: set[int]) -> None:
    town = Town(OPEN_TOWN, (), THERE)
    places = {place: [place] for place in (*CHANNELS, *THREADS)}
    assert ids_of(await recall_of(town, places).of(PROFILE, here)) == what


async def test_one_part_for_each_company_is_held_and_few_of_them_and_none_of_the_forgotten() -> None:
    town = Town(OPEN_TOWN, (), THERE)
    recall = recall_of(town, {place: [place] for place in (*CHANNELS, *THREADS)})
    parts = [await recall.of(PROFILE, here) for here in (11, 21, 12, 13, 22)]
    assert parts[0].name == parts[1].name and not any(one.is_whole for one in parts)
    assert len({one.name for one in parts}) == 4 == PARTS == len(recall.held.names) - 1
    recall.held.drop(PROFILE.id)
    assert recall.held.names == ()


async def test_where_all_may_be_recalled_the_model_itself_speaks_and_where_nothing_may_it_is_told() -> None:
    town = Town(OPEN_TOWN, (), THERE)
    whole = await recall_of(town, {11: [1], 21: [2]}).of(PROFILE, 11)
    assert whole.is_whole and whole.weighs and whole.name == "1-2"
    with pytest.raises(NothingToRecall, match="nothing to say here"):
        await recall_of(town, {12: [1]}, [5]).of(PROFILE, 11)


async def test_what_its_person_does_not_let_be_read_any_more_is_not_recalled_either() -> None:
    town = Town(OPEN_TOWN, (), THERE)
    recall = recall_of(town, {11: [1], 21: [2]})
    recall.terms.place_of = lambda server_id, place: town.place(place).channel_id
    narrowed = ProfileSnapshot(
        1, 1, ProfileState.READY, EVERYONE, 20, 20, 11, OPEN_END, HandClock()(), terms=Terms(reads=frozenset({12}))
    )
    with pytest.raises(NothingToRecall):
        await recall.of(narrowed, 11)
