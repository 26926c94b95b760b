"""Collecting by search: what is found, what is known of what stood before it, and how little is asked."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.stored import Outcome, Plan, Provenance, Range, StoredMessage
from echo.corpus.written import Written
from echo.discord.snowflakes import snowflake_at
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from states.board import Progress
from tests.discord.collecting import MESSAGES, SEARCH, YEAR, collector, forbid, nothing, world_of
from tests.discord.stand import CUTOFF, Store, at, stand, store, talk
from tests.discord.test_collector_resume import Mortal, pages

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")

SEARCHING = 2
"""Searches before the first that finds: how many messages the subject has, and the server."""


def rare(count: int, every: int = 100) -> list[str]:
    """Authors of `count` messages, a few of which are Mara's."""
    return ["Mara" if number % every == every - 1 else ("Bo", "Cy")[number % 2] for number in range(count)]


def large_world() -> World:
    """A server of 12,500 messages, 125 of them Mara's: Echo walks through smaller ones."""
    return world_of(
        talk("general", rare(7000), start=900_000),
        talk("random", rare(4000), start=800_000),
        talk("plans", rare(1500), start=700_000, parent="general"),
    )


async def rows(kept: Store) -> list[StoredMessage]:
    return await kept.corpus.read(kept.profile.id, 100_000)


def ids_of_mara(world: World) -> set[int]:
    mara = world.find_user("Mara")
    assert mara is not None
    return {one.id for history in world.messages.values() for one in history if one.author_id == mara.id}


def later(kept: Store, seconds: float) -> Store:
    """The same with a cut-off that is later."""
    cutoff = datetime.fromtimestamp(at(-seconds), UTC)
    return Store(kept.corpus, dataclasses.replace(kept.profile, cutoff=cutoff))


async def test_everything_is_found_with_a_fraction_of_the_requests(tmp_path: Path) -> None:
    world = large_world()
    async with stand(world) as stage, store(tmp_path, world) as kept:
        told: list[Progress] = []
        found = await collector(stage, kept, search=True).collect(kept.profile, told.append)
        own = [row for row in await rows(kept) if row.own]
        assert {row.message_id for row in own} == ids_of_mara(world) and found.messages == len(own) == 125
        assert {row.provenance for row in own} == {Provenance.SEARCH}
        assert len(stage.asked("GET", SEARCH)) <= SEARCHING + 125 // 25 + 1
        assert "by search; 125 messages found" in told[-1].detail
        assert [one.done for one in told] == sorted(one.done for one in told)
        assert all(one.total is not None and one.done <= one.total for one in told)
        assert await kept.corpus.plan(kept.profile.id) is None
        assert (await kept.corpus.places(kept.profile.id))[world.guild.id].outcome is Outcome.READ


async def test_what_stood_before_is_read_within_the_effort_and_the_rest_is_known_not_to_be(tmp_path: Path) -> None:
    world = large_world()
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept, search=True, context=3).collect(kept.profile, nothing)
        stored = await rows(kept)
        settled, bare = ([row for row in stored if row.own and row.bare is is_bare] for is_bare in (False, True))
        assert settled
        by_place = {place: [row for row in stored if row.channel_id == place] for place in world.messages}
        for row in settled:
            here = by_place[row.channel_id]
            before = here[max(0, here.index(row) - 3) : here.index(row)]
            assert [one.own for one in before] == [False] * 3 or row.message_id == here[0].message_id
        assert {row.provenance for row in stored if not row.own} <= {Provenance.HISTORY}
        windows = len(stage.asked("GET", MESSAGES))
        assert 0 < windows <= 100 and len(settled) + len(bare) == 125


async def test_what_a_reply_answers_comes_along_with_it(tmp_path: Path) -> None:
    asked = Written("Bo", "general", at(5000), "who has the key?", key="q")
    answer = Written("Mara", "general", at(90), "it hangs by the door", reply_to="q")
    world = world_of(talk("general", rare(12_000, every=100_000), start=900_000), [asked, answer])
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept, search=True, context=0).collect(kept.profile, nothing)
        question, reply = await rows(kept)
        assert (question.text, question.own, question.provenance) == ("who has the key?", False, Provenance.HISTORY)
        assert reply.reply_to == question.message_id and not reply.bare


async def test_hits_in_places_that_are_left_out_are_not_kept(tmp_path: Path) -> None:
    world = large_world()
    diary = world.create_channel("diary", now=at(YEAR))
    mara = world.find_user("Mara")
    assert mara is not None
    world.post_message(diary.id, mara.id, "not for Echo", now=at(7000))
    thread = world.create_thread(diary.id, "page one", mara.id, now=at(6900))
    world.post_message(thread.id, mara.id, "nor this", now=at(6800))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept, search=True, excluded={diary.id}).collect(kept.profile, nothing)
        assert found.messages == 125
        assert not {diary.id, thread.id} & {row.channel_id for row in await rows(kept)}


async def test_a_limit_keeps_the_newest_and_searches_for_no_more(tmp_path: Path) -> None:
    world = large_world()
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept, search=True, most=30, context=0).collect(kept.profile, nothing)
        assert 30 <= found.messages <= 50
        newest = sorted((row.message_id for row in await rows(kept) if row.own), reverse=True)[:30]
        assert newest == sorted(ids_of_mara(world), reverse=True)[:30]
        assert len(stage.asked("GET", SEARCH)) == SEARCHING + 2


async def test_a_later_search_asks_only_for_what_is_new(tmp_path: Path) -> None:
    world = large_world()
    general, mara, bo = world.find_channel("general"), world.find_user("Mara"), world.find_user("Bo")
    assert general is not None and mara is not None and bo is not None
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept, search=True).collect(kept.profile, nothing)
        for number in range(400):
            who = mara if number == 399 else bo
            world.post_message(general.id, who.id, f"new {number}", now=at(-60 - number))
        again = later(kept, 3600)
        searches = len(stage.asked("GET", SEARCH))
        found = await collector(stage, kept, search=True).collect(again.profile, nothing)
        assert found.messages == 126
        new = stage.asked("GET", SEARCH)[searches:]
        # Whichever way it went, nothing of what was searched before was searched again.
        assert new and all(int(query["min_id"]) >= snowflake_at(CUTOFF) - 1 for query in new)


async def test_a_channel_that_could_not_be_searched_is_walked_through_once_it_can_be_read(tmp_path: Path) -> None:
    world = large_world()
    secret = world.create_channel("secret", now=at(YEAR))
    mara = world.find_user("Mara")
    assert mara is not None
    world.post_message(secret.id, mara.id, "hidden until now", now=at(7000))
    forbid(world, "secret", Permission.READ_MESSAGE_HISTORY, Permission.VIEW_CHANNEL)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept, search=True).collect(kept.profile, nothing)).messages == 125
        world.set_overwrite(secret.id, Overwrite(world.bot.id, 1, 0, 0))
        assert (await collector(stage, kept, search=True).collect(kept.profile, nothing)).messages == 126
        assert [place for place, _ in pages(stage)].count(str(secret.id)) == 1


async def test_a_search_that_is_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    world = large_world()
    async with stand(world) as stage:
        for lives in (3, 2, 4):
            async with store(tmp_path, world) as kept:
                mortal = Mortal(kept, lives).as_port()
                with pytest.raises(asyncio.CancelledError):
                    await collector(stage, kept, search=True, corpus=mortal).collect(kept.profile, nothing)
                plan = await kept.corpus.plan(kept.profile.id)
                assert plan is not None and plan.method == "search" and plan.upper_id == snowflake_at(CUTOFF)
        async with store(tmp_path, world) as kept:
            assert (await collector(stage, kept, search=True).collect(kept.profile, nothing)).messages == 125
            assert (await kept.corpus.ranges(kept.profile.id))[world.guild.id] == (Range(snowflake_at(CUTOFF), 0),)
        bounds = [query["max_id"] for query in stage.asked("GET", SEARCH)[SEARCHING:] if query["limit"] == "25"]
        assert len(bounds) == len(set(bounds))


async def test_where_search_is_forbidden_midway_the_rest_is_walked(tmp_path: Path) -> None:
    world = large_world()
    async with stand(world) as stage, store(tmp_path, world) as kept:

        def forbid_it(progress: Progress) -> None:
            if "25 messages" in progress.detail:
                stage.sandbox.faults.set({"search_forbidden": True})

        found = await collector(stage, kept, search=True).collect(kept.profile, forbid_it)
        assert (found.messages, found.failed) == (125, 0)
        assert {row.message_id for row in await rows(kept) if row.own} == ids_of_mara(world)
        told = (await kept.corpus.places(kept.profile.id))[world.guild.id]
        assert told.outcome is Outcome.SKIPPED and "reads the channels instead" in str(told.reason)


async def test_a_small_server_is_walked_through_and_every_message_has_its_context(tmp_path: Path) -> None:
    world = world_of(talk("general", rare(150, every=3), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        told: list[Progress] = []
        await collector(stage, kept, search=True).collect(kept.profile, told.append)
        assert "by reading every channel" in told[-1].detail
        assert not any(row.bare for row in await rows(kept))
        assert len(stage.asked("GET", SEARCH)) == SEARCHING


async def test_a_plan_that_was_begun_is_kept_to(tmp_path: Path) -> None:
    world = world_of(talk("general", rare(150, every=3), start=90_000))
    upper = snowflake_at(datetime.fromtimestamp(at(86_400), UTC))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await kept.corpus.put_plan(kept.profile.id, Plan("walk", upper, 7, 3))
        told: list[Progress] = []
        await collector(stage, kept, search=True).collect(kept.profile, told.append)
        assert not stage.asked("GET", SEARCH) and told[0].done > 3
        assert all(row.message_id < upper for row in await rows(kept)) and await rows(kept)


async def test_context_in_threads_is_read_though_the_search_that_found_them_was_broken_off(tmp_path: Path) -> None:
    world = large_world()
    plans = world.find_channel("plans")
    assert plans is not None
    async with stand(world) as stage:
        async with store(tmp_path, world) as kept:
            # All is found after six pages; then it dies, at the first page of context.
            mortal = Mortal(kept, 7, stores=False).as_port()
            with pytest.raises(asyncio.CancelledError):
                await collector(stage, kept, search=True, corpus=mortal, effort=1.0).collect(kept.profile, nothing)
            assert all(bare for _, bare in (await kept.corpus.own_ids(kept.profile))[plans.id])
        async with store(tmp_path, world) as kept:
            await collector(stage, kept, search=True, effort=1.0).collect(kept.profile, nothing)
            assert not any(bare for _, bare in (await kept.corpus.own_ids(kept.profile))[plans.id])


async def test_a_walk_is_as_long_as_the_server_said_it_would_be(tmp_path: Path) -> None:
    world = world_of(talk("general", rare(2500, every=10), start=900_000), talk("random", rare(60), start=80_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        told: list[Progress] = []
        await collector(stage, kept, search=True).collect(kept.profile, told.append)
        planned = {one.total for one in told[len(told) // 3 :]}
        assert "by reading every channel" in told[-1].detail and max(planned) - min(planned) <= 2  # type: ignore[operator,type-var]
        assert told[-1].total is not None and told[-1].done >= 0.9 * told[-1].total


async def test_a_restart_counts_only_messages_with_words_among_the_newest(tmp_path: Path) -> None:
    world = world_of(talk("general", rare(900, every=3), start=90_000))
    general, mara = world.find_channel("general"), world.find_user("Mara")
    assert general is not None and mara is not None
    async with stand(world) as stage:
        async with store(tmp_path, world) as kept:
            mortal = Mortal(kept, 4).as_port()
            with pytest.raises(asyncio.CancelledError):
                await collector(stage, kept, most=200, corpus=mortal).collect(kept.profile, nothing)
            silent = [
                dataclasses.replace(row, text="", cut=True, message_id=row.message_id + 1) for row in await rows(kept)
            ]
            await kept.corpus.store(kept.profile, [row for row in silent if row.own])
        async with store(tmp_path, world) as kept:
            found = await collector(stage, kept, most=200).collect(kept.profile, nothing)
            assert 200 <= found.messages < 300, "no fewer than wanted, and not all there are"
