"""Collecting that is broken off, limited or cancelled: nothing is lost, doubled or left behind."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from db.stored import Coverage, Outcome, Range, StoredMessage
from echo.discord.collecting.run import CorpusPort
from echo.discord.snowflakes import snowflake_at
from echo.errors import ServiceUnavailable
from echo.keeping_to_terms import KeepingToTerms
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from states.board import Progress
from states.terms_in_force import TermsInForce
from tests.discord.collecting import MESSAGES, collector, crowd, forbid, nothing, texts, world_of
from tests.discord.stand import CUTOFF, Stand, Store, at, client_at, stand, store, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


async def test_an_unreachable_discord_may_pass_and_what_was_read_stays(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:

        def break_it(progress: Progress) -> None:
            if "10 messages" in progress.detail:
                stage.sandbox.faults.set({"errors": 100, "status": 503, "match": "/messages"})

        with pytest.raises(ServiceUnavailable, match="HTTP 503"):
            await collector(stage, kept).collect(kept.profile, break_it)
        assert await kept.corpus.count(kept.profile.id) == 10
        stage.sandbox.faults.clear()
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert (found.messages, found.failed) == (25, 0)


async def test_a_moment_of_trouble_is_tried_again(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        stage.sandbox.faults.set({"errors": 3, "status": 503, "match": "/messages"})
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 25


async def test_rate_limits_are_waited_for(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        stage.sandbox.faults.set({"rate_limit": 2, "match": "/messages"})
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 25
        statuses = [status for _, _, _, _, status, _ in stage.wire.exchanges]
        assert statuses.count(429) == 2


class Mortal:
    """A corpus with which the process "dies" at its `lives`-th page: just before it is stored, or just after."""

    def __init__(self, kept: Store, lives: int, *, stores: bool = True) -> None:
        self._corpus = kept.corpus
        self._lives = lives
        self._stores = stores

    def __getattr__(self, name: str) -> Any:
        return getattr(self._corpus, name)

    async def store(self, profile: Any, rows: Sequence[StoredMessage], *coverages: Coverage) -> int:
        self._lives -= max(1, len(coverages))
        if self._lives <= 0 and not self._stores:
            raise asyncio.CancelledError
        new = await self._corpus.store(profile, rows, *coverages)
        if self._lives <= 0:
            raise asyncio.CancelledError
        return new

    def as_port(self) -> CorpusPort:
        return cast(CorpusPort, self)


def small_world() -> World:
    return world_of(
        talk("general", crowd(450, every=7), start=90_000),
        talk("random", crowd(250, every=7), start=80_000),
        talk("plans", crowd(120, every=7), start=70_000, parent="general"),
    )


async def collected_whole(folder: Path, world: World) -> tuple[list[StoredMessage], list[tuple[str, str]]]:
    """The rows and the pages of a collecting that nothing disturbs."""
    async with stand(world) as stage, store(folder, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        return await kept.corpus.read(kept.profile.id, 100_000), pages(stage)


def pages(stage: Stand) -> list[tuple[str, str]]:
    """The channel and the bound of every page that was asked for."""
    return [
        (str(body[0]["channel_id"]) if body else "", str(query["before"]))
        for how, route, query, _, _, body in stage.wire.exchanges
        if (how, route) == ("GET", MESSAGES)
    ]


@pytest.mark.parametrize("stores", [True, False])
async def test_an_end_at_any_page_leaves_the_same_rows_and_reads_no_page_twice_but_the_last(
    tmp_path: Path, stores: bool
) -> None:
    (tmp_path / "whole").mkdir()
    expected, undisturbed = await collected_whole(tmp_path / "whole", small_world())
    for lives in range(1, len(undisturbed) + 1):
        world, folder = small_world(), tmp_path / str(lives)
        folder.mkdir()
        async with stand(world) as stage:
            async with store(folder, world) as kept:
                mortal = Mortal(kept, lives, stores=stores).as_port()
                with pytest.raises(asyncio.CancelledError):
                    await collector(stage, kept, corpus=mortal).collect(kept.profile, nothing)
            first = set(pages(stage))
            # The next life has a client, a database connection and a collector of its own.
            async with client_at(stage.sandbox) as client, store(folder, world) as kept:
                again = Stand(stage.sandbox, world, client, stage.wire)
                await collector(again, kept).collect(kept.profile, nothing)
                assert await kept.corpus.read(kept.profile.id, 100_000) == expected
                ranges = await kept.corpus.ranges(kept.profile.id)
                assert set(ranges.values()) == {(Range(snowflake_at(CUTOFF), 0),)}
                assert await kept.corpus.plan(kept.profile.id) is None
            asked = pages(stage)
            # One page of each of the three places may have been under way.
            assert set(asked) == set(undisturbed) and len(asked) <= len(undisturbed) + 3
            assert all(asked.count(one) <= 2 for one in first)


async def test_what_is_written_later_is_read_later_and_nothing_else(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000), talk("random", crowd(150), start=80_000))
    general, mara, bo = world.find_channel("general"), world.find_user("Mara"), world.find_user("Bo")
    assert general is not None and mara is not None and bo is not None
    async with stand(world) as stage, store(tmp_path, world) as kept:
        early = kept.profile
        first = await collector(stage, kept).collect(early, nothing)
        asked = len(pages(stage))
        for number, who in enumerate((bo, bo, mara)):
            world.post_message(general.id, who.id, f"later {number}", now=at(-3600 + number))
        later = dataclasses.replace(early, cutoff=datetime.fromtimestamp(at(-7200), UTC))
        found = await collector(stage, kept).collect(later, nothing)
        assert found.messages == first.messages + 1
        assert (await texts(kept))[-1] == "later 2" and (await texts(kept, own=False))[-2:] == ["later 0", "later 1"]
        # Only the channel that has news is asked, once: its page reaches into what is known.
        assert len(pages(stage)) == asked + 1


async def test_an_earlier_day_that_is_chosen_later_erases_what_was_read_from_then_on(tmp_path: Path) -> None:
    async def learn(server_id: int, channel_ids: object) -> None:
        pytest.fail("No channel was chosen.")

    world = world_of(talk("general", crowd(100), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        rows = await kept.corpus.read(kept.profile.id, 1000)
        day = sorted(row.ts for row in rows)[50]
        earlier = dataclasses.replace(kept.profile, cutoff=datetime.fromtimestamp(day, UTC))
        assert await KeepingToTerms(kept.corpus, TermsInForce(), learn)(earlier) == sum(row.ts >= day for row in rows)
        found = await collector(stage, kept).collect(earlier, nothing)
        left = await kept.corpus.read(kept.profile.id, 1000)
        assert left == [row for row in rows if row.ts < day] and found.messages == sum(row.own for row in left)


async def test_a_channel_that_was_out_of_reach_is_read_once_it_is_not(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(150), start=90_000), talk("secret", crowd(150), start=80_000))
    secret = world.find_channel("secret")
    assert secret is not None
    forbid(world, "secret", Permission.READ_MESSAGE_HISTORY)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 15
        asked = len(pages(stage))
        world.set_overwrite(secret.id, Overwrite(world.bot.id, 1, 0, 0))
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 30
        assert len(pages(stage)) == asked + 2
        assert (await kept.corpus.places(kept.profile.id))[secret.id].outcome is Outcome.READ


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
        task = asyncio.create_task(collector(stage, kept).collect(kept.profile, lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [one for one in asyncio.all_tasks() - before if "collecting" in repr(one.get_coro())]


async def test_a_limit_keeps_the_newest_of_all_channels_and_asks_for_no_older_ones(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(800), start=90_000), talk("random", crowd(800), start=89_990))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept, context=3, most=25).collect(kept.profile, nothing)
        assert 25 <= found.messages < 60 and len(pages(stage)) < 6
        newest = [row for row in await kept.corpus.read(kept.profile.id, 25) if row.own]
        everything = sorted(
            (one.id for history in world.messages.values() for one in history if one.author_id == kept.profile.user_id),
            reverse=True,
        )
        assert sorted((row.message_id for row in newest), reverse=True) == everything[:25]
        results = (await kept.corpus.places(kept.profile.id)).values()
        assert all("max_messages_per_analysis" in str(one.reason) for one in results)
        # Later, with more room, the rest follows, each once.
        assert (await collector(stage, kept, context=3).collect(kept.profile, nothing)).messages == 160
        assert len(await kept.corpus.read(kept.profile.id, 100_000)) == 160 * 4
        assert len(pages(stage)) == len(set(pages(stage)))


async def test_a_limit_takes_the_newest_wherever_they_stand(tmp_path: Path) -> None:
    quiet = [talk(f"quiet {number}", ["Mara"] * 20, start=200 * 86400) for number in range(15)]
    world = world_of(*quiet, talk("lively", ["Mara"] * 125, start=9000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept, most=25).collect(kept.profile, nothing)
        newest = [row.text for row in await kept.corpus.read(kept.profile.id, 25) if row.own]
        assert len(newest) == 25 and all("lively" in text for text in newest)
        assert len(pages(stage)) <= 9


async def test_the_last_message_that_a_limit_allows_has_its_context_too(tmp_path: Path) -> None:
    authors = [*crowd(50, every=1000), "Mara", *crowd(99, every=1000)]
    world = world_of(talk("general", authors, start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept, context=5, most=1).collect(kept.profile, nothing)).messages == 1
        rows = await kept.corpus.read(kept.profile.id, 100)
        assert [row.text.rsplit(" ", 1)[1] for row in rows] == ["45", "46", "47", "48", "49", "50"]
