"""Collecting that is broken off, limited or cancelled: nothing is lost, doubled or left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from db.corpus import Cursor, StoredMessage
from echo.discord.collecting.collector import Collector
from echo.errors import ServiceUnavailable
from tests.discord.collecting import MESSAGES, collector, crowd, nothing, texts, world_of
from tests.discord.stand import Store, client_at, stand, store, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


async def test_an_unreachable_discord_may_pass_and_what_was_read_stays(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:

        def break_it(done: int, total: int | None) -> None:
            stage.sandbox.faults.set({"errors": 1, "status": 503, "match": "/messages"})

        with pytest.raises(ServiceUnavailable, match="HTTP 503"):
            await collector(stage, kept).collect(kept.profile, break_it)
        assert await kept.corpus.count(kept.profile.id) == 10
        assert await collector(stage, kept).collect(kept.profile, nothing) == 25


async def test_rate_limits_are_waited_for(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        stage.sandbox.faults.set({"rate_limit": 2, "match": "/messages"})
        assert await collector(stage, kept).collect(kept.profile, nothing) == 25
        statuses = [status for _, route, _, _, status, _ in stage.wire.exchanges if route == MESSAGES]
        assert statuses.count(429) == 2


class Mortal:
    """A corpus that lets the process "die" right after its `lives`-th page was stored."""

    def __init__(self, kept: Store, lives: int) -> None:
        self._corpus = kept.corpus
        self._lives = lives

    async def cursors(self, profile_id: int) -> dict[int, Cursor]:
        return await self._corpus.cursors(profile_id)

    async def store(self, profile: object, rows: Sequence[StoredMessage], cursor: Cursor | None) -> None:
        await self._corpus.store(profile, rows, cursor)  # type: ignore[arg-type]
        self._lives -= 1
        if not self._lives:
            raise asyncio.CancelledError

    async def count(self, profile_id: int) -> int:
        return await self._corpus.count(profile_id)


async def test_an_abrupt_end_is_gone_on_from_without_loss_doubling_or_reading_all_again(tmp_path: Path) -> None:
    parts = [talk("general", crowd(550, every=7), start=90_000), talk("random", crowd(350, every=7), start=80_000)]
    world = world_of(*parts)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    async with stand(world) as stage:
        async with store(whole, world) as kept:
            await collector(stage, kept).collect(kept.profile, nothing)
            expected = await kept.corpus.read(kept.profile.id, 100_000)
        undisturbed = len(stage.asked("GET", MESSAGES))
    async with stand(world) as stage:
        for _ in range(20):
            # Each life has a client, a database connection and a collector of its own.
            async with client_at(stage.sandbox) as client, store(broken, world) as kept:
                mortal = Collector(client, Mortal(kept, lives=2), context_messages=12, most=10_000)
                try:
                    await mortal.collect(kept.profile, nothing)
                    break
                except asyncio.CancelledError:
                    continue
        async with store(broken, world) as kept:
            assert await kept.corpus.read(kept.profile.id, 100_000) == expected
            cursors = await kept.corpus.cursors(kept.profile.id)
            assert all(cursor.done for cursor in cursors.values())
            assert sum(cursor.kept for cursor in cursors.values()) == len(expected)
        # A life stores two pages; the third that it had asked for in the last batch may be asked for again.
        assert len(stage.asked("GET", MESSAGES)) <= undisturbed * 1.5 + 1


async def test_a_second_run_asks_for_nothing_and_finds_the_same(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        first = await collector(stage, kept).collect(kept.profile, nothing)
        asked = len(stage.asked("GET", MESSAGES))
        assert await collector(stage, kept).collect(kept.profile, nothing) == first
        assert len(stage.asked("GET", MESSAGES)) == asked


async def test_it_ends_at_once_when_cancelled_and_leaves_nothing_behind(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000), talk("random", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        before = asyncio.all_tasks()
        begun = asyncio.Event()
        task = asyncio.create_task(collector(stage, kept).collect(kept.profile, lambda *_: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [one for one in asyncio.all_tasks() - before if "Collector" in repr(one.get_coro())]


async def test_no_more_than_the_limit_is_stored_and_those_are_the_newest_of_all_channels(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(400), start=90_000), talk("random", crowd(400), start=89_990))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept, context=3, most=25).collect(kept.profile, nothing) == 25
        own = [row for row in await kept.corpus.read(kept.profile.id, 100_000) if row.own]
        assert len(own) == 25
        # Later, with more room, the rest follows, each once.
        assert await collector(stage, kept, context=3).collect(kept.profile, nothing) == 80
        everything = await kept.corpus.read(kept.profile.id, 100_000)
        assert len(everything) == 80 * 4


async def test_a_limit_takes_the_newest_wherever_they_stand(tmp_path: Path) -> None:
    quiet = [talk(f"quiet {number}", ["Mara"] * 20, start=200 * 86400) for number in range(5)]
    world = world_of(*quiet, talk("lively", ["Mara"] * 25, start=9000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept, most=25).collect(kept.profile, nothing) == 25
        assert all("lively" in text for text in await texts(kept))


async def test_the_last_message_that_a_limit_allows_has_its_context_too(tmp_path: Path) -> None:
    authors = ["Mara", *crowd(50, every=1000), "Mara", *crowd(99, every=1000)]
    world = world_of(talk("general", authors, start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept, context=5, most=1).collect(kept.profile, nothing) == 1
        rows = await kept.corpus.read(kept.profile.id, 100)
        assert [row.text.rsplit(" ", 1)[1] for row in rows] == ["46", "47", "48", "49", "50", "51"]


async def test_where_one_channel_fails_the_others_are_not_read_behind_its_back(tmp_path: Path) -> None:
    world = world_of(*(talk(name, crowd(250), start=90_000) for name in ("general", "random", "news")))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        before = asyncio.all_tasks()
        stage.sandbox.faults.set({"errors": 1, "match": "/messages"})
        with pytest.raises(ServiceUnavailable):
            await collector(stage, kept).collect(kept.profile, nothing)
        assert not [one for one in asyncio.all_tasks() - before if "Collector" in repr(one.get_coro())]
