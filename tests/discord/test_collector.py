"""Collecting from a sandbox over loopback into a real database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import nextcord
import pytest

from db.corpus import Cursor, StoredMessage
from echo.corpus.written import Written
from echo.discord.collector import Collector
from echo.errors import NoPermission, NothingToRead, ServiceUnavailable
from echo.sandbox.intents import PRIVILEGED, Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import ANNOUNCEMENT, Overwrite
from echo.sandbox.world import World
from tests.discord.stand import CUTOFF, NOON, Stand, Store, at, client_at, stand, store, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")

MESSAGES = "/channels/{channel_id}/messages"
YEAR = 365 * 86400.0


def world_of(*parts: list[Written]) -> World:
    """A server with these messages; what stands there a year before keeps its channels old."""
    written = [one for part in parts for one in part]
    channels = {one.parent or one.channel for one in written}
    old = [Written("Zoe", channel, at(YEAR), "the first words here") for channel in sorted(channels)]
    return World.populate(3, "Somewhere", [*old, *written], manager="Zoe")


def crowd(count: int, every: int = 10) -> list[str]:
    """Authors of `count` messages, of which one in `every` is Mara's, the first of them never."""
    return ["Mara" if number % every == every - 1 else ("Bo", "Cy")[number % 2] for number in range(count)]


def collector(stage: Stand, kept: Store, context: int = 12, most: int = 10_000) -> Collector:
    return Collector(stage.client, kept.corpus, context_messages=context, most=most)


def nothing(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


async def texts(kept: Store, own: bool = True) -> list[str]:
    return [row.text for row in await kept.corpus.read(kept.profile.id, 100_000) if row.own is own]


async def test_everything_the_subject_wrote_before_the_cut_off_is_stored_across_pages(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(450), start=90_000), talk("random", crowd(130), start=50_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        told: list[tuple[int, int | None]] = []
        count = await collector(stage, kept).collect(kept.profile, lambda *now: told.append(now))
        expected = sorted(
            message.content
            for history in world.messages.values()
            for message in history
            if message.author_id == kept.profile.user_id
        )
        assert count == 58 and sorted(await texts(kept)) == expected
        assert told[-1] == (582, None) and [done for done, _ in told] == sorted({done for done, _ in told})


@pytest.mark.parametrize("count", [99, 100, 101, 199, 200])
async def test_page_boundaries_lose_nothing_and_double_nothing(tmp_path: Path, count: int) -> None:
    world = world_of(talk("general", crowd(count, every=3), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept).collect(kept.profile, nothing) == count // 3
        everything = await kept.corpus.read(kept.profile.id, 100_000)
        # Two others stand before each of Mara's, the opening message is too old; after her last nobody is context.
        assert len(everything) == len({row.message_id for row in everything}) == count // 3 * 3
        bounds = [int(query["before"]) for query in stage.asked("GET", MESSAGES)]
        # The opening message is one more; a full page asks for another.
        assert len(bounds) == (count + 1) // 100 + 1
        assert bounds == sorted(bounds, reverse=True)


async def test_every_request_walks_backwards_from_the_cut_off(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000), talk("general", crowd(30), start=-3600))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        queries = stage.asked("GET", MESSAGES)
        assert all(set(query) == {"limit", "before"} and query["limit"] == "100" for query in queries)
        assert int(queries[0]["before"]) >> 22 == int(CUTOFF.timestamp() * 1000) - 1_420_070_400_000


async def test_the_millisecond_of_the_cut_off_is_the_first_that_is_not_read(tmp_path: Path) -> None:
    moments = [("just before", at(0.001)), ("at it", at(0)), ("at it too", at(0)), ("after", at(-0.001))]
    world = world_of([Written("Mara", "general", ts, text) for text, ts in moments])
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept).collect(kept.profile, nothing) == 1
        assert await texts(kept) == ["just before"]


async def test_context_is_what_others_said_just_before_even_on_the_next_page(tmp_path: Path) -> None:
    # Mara's only message is the oldest of the newest page, so that all of its context is on the next one.
    authors = [*crowd(50, every=1000), "Mara", *crowd(99, every=1000)]
    world = world_of(talk("general", authors, start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept, context=5).collect(kept.profile, nothing)
        rows = await kept.corpus.read(kept.profile.id, 100)
        assert [row.own for row in rows] == [False] * 5 + [True]
        assert [row.text.rsplit(" ", 1)[1] for row in rows] == ["45", "46", "47", "48", "49", "50"]
        assert {row.author for row in rows} == {"Mara", "Bo", "Cy"}


async def test_bots_webhooks_and_the_system_are_never_the_subject(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara", "Bo"], start=9000))
    channel = world.find_channel("general")
    mara = world.find_user("Mara")
    assert channel is not None and mara is not None
    hook = world.create_webhook(channel.id, "Bridge", world.guild.owner_id, now=at(8000))
    world.post_message(channel.id, hook, "bridged words", now=at(7000), author_name="Mara")
    world.post_message(channel.id, world.bot.id, "what the bot says", now=at(6000))
    world.post_message(channel.id, mara.id, "", now=at(5000), kind=7)
    world.post_message(channel.id, mara.id, "typed by herself", now=at(4000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept).collect(kept.profile, nothing) == 2
        assert await texts(kept) == ["Mara says general 0", "typed by herself"]
        assert await texts(kept, own=False) == ["Bo says general 1", "bridged words"]


async def test_threads_are_read_active_and_archived(tmp_path: Path) -> None:
    quiet = talk("plans", ["Bo", "Mara"], start=80 * 86400, parent="general")
    lively = talk("trip", ["Bo", "Mara"], start=-86400 * 13.9 + 86400 * 14.5, parent="general")
    world = world_of(talk("general", ["Bo", "Mara"], start=9000), quiet, lively)
    archived = [thread.archived for thread in world.threads()]
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert sorted(archived) == [False, True]
        assert await collector(stage, kept).collect(kept.profile, nothing) == 3


async def test_many_threads_archived_at_the_same_moment_are_all_listed(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    channel, mara = world.find_channel("general"), world.find_user("Mara")
    assert channel is not None and mara is not None
    for number in range(130):
        thread = world.create_thread(channel.id, f"thread {number}", mara.id, now=at(8000 - number))
        world.post_message(thread.id, mara.id, f"in thread {number}", now=at(7000))
        world.modify_channel(thread.id, now=at(600 if number < 60 else 500 - number), archived=True)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept).collect(kept.profile, nothing) == 131


async def test_private_threads_are_read_only_where_the_bot_is_let_in(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    channel, mara = world.find_channel("general"), world.find_user("Mara")
    assert channel is not None and mara is not None
    for name, invited in (("ours", True), ("theirs", False)):
        thread = world.create_thread(channel.id, name, mara.id, now=at(8000), private=True)
        world.post_message(thread.id, mara.id, f"said in {name}", now=at(7000))
        if invited:
            world.join_thread(thread.id, world.bot.id, now=at(7500))
        world.modify_channel(thread.id, now=at(6000), archived=True)
    forbid(world, "general", Permission.MANAGE_THREADS)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        assert "said in ours" in await texts(kept) and "said in theirs" not in await texts(kept)


def forbid(world: World, channel: str, *permissions: Permission) -> None:
    """Take permissions from the bot in a channel."""
    found = world.find_channel(channel)
    assert found is not None
    denied = 0
    for one in permissions:
        denied |= one
    world.set_overwrite(found.id, Overwrite(world.bot.id, 1, 0, denied))


@pytest.mark.parametrize("missing", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_a_channel_without_permission_is_not_even_asked_for(tmp_path: Path, missing: Permission) -> None:
    world = world_of(talk("general", ["Mara"], start=9000), talk("secret", ["Mara"], start=8000))
    forbid(world, "secret", missing)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept).collect(kept.profile, nothing) == 1
        assert all(status < 400 for *_, status, _ in stage.wire.exchanges)
        assert len(stage.asked("GET", MESSAGES)) == 1


async def test_announcement_channels_are_read(tmp_path: Path) -> None:
    world = world_of(talk("news", ["Mara"], start=9000))
    news = world.find_channel("news")
    assert news is not None
    world.modify_channel(news.id, now=at(0), kind=ANNOUNCEMENT)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert await collector(stage, kept).collect(kept.profile, nothing) == 1


async def test_a_channel_made_after_the_cut_off_costs_no_request(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    late = world.create_channel("late", now=NOON.timestamp())
    mara = world.find_user("Mara")
    assert mara is not None
    world.post_message(late.id, mara.id, "much later", now=NOON.timestamp())
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        assert len(stage.asked("GET", MESSAGES)) == 1
        assert len(stage.asked("GET", "/channels/{channel_id}/threads/archived/public")) == 1


async def test_no_readable_channel_is_told_in_one_sentence(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    forbid(world, "general", Permission.READ_MESSAGE_HISTORY)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        with pytest.raises(NothingToRead, match="Read Message History"):
            await collector(stage, kept).collect(kept.profile, nothing)


async def test_no_message_before_the_cut_off_is_told_in_one_sentence(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    early = datetime.fromtimestamp(at(YEAR + 3600), CUTOFF.tzinfo)
    async with stand(world) as stage, store(tmp_path, world, cutoff=early) as kept:
        with pytest.raises(NothingToRead, match=r"before 31\.05\.2025"):
            await collector(stage, kept).collect(kept.profile, nothing)


async def test_a_server_that_echo_has_left_is_told_in_one_sentence(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    elsewhere = World.populate(4, "Elsewhere", talk("general", ["Mara"], start=9000))
    async with stand(elsewhere) as stage, store(tmp_path, world) as kept:
        with pytest.raises(NoPermission, match="invite it again"):
            await collector(stage, kept).collect(kept.profile, nothing)


async def test_a_missing_message_content_intent_is_named(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(20), start=9000))
    asked_for = Intent(PRIVILEGED & ~Intent.MESSAGE_CONTENT)
    intents = nextcord.Intents.all()
    intents.message_content = False
    async with stand(world, intents, granted=asked_for) as stage, store(tmp_path, world) as kept:
        with pytest.raises(NoPermission, match="Message Content intent"):
            await collector(stage, kept).collect(kept.profile, nothing)
        assert await kept.corpus.cursors(kept.profile.id) == {}


async def test_a_channel_that_closes_midway_is_passed_over_and_logged_by_its_id_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = world_of(talk("general", crowd(250), start=90_000), talk("random", crowd(30), start=80_000))
    general = world.find_channel("general")
    assert general is not None
    caplog.set_level(logging.INFO, "echo")

    def close_it(done: int, total: int | None) -> None:
        if general.id in world.channels:
            world.delete_channel(general.id)

    async with stand(world) as stage, store(tmp_path, world) as kept:
        count = await collector(stage, kept).collect(kept.profile, close_it)
        assert count == 13
        assert f"Channel {general.id} is passed over" in caplog.text and "general" not in caplog.text


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
