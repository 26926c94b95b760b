"""Collecting from a sandbox over loopback into a real database."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import nextcord
import pytest

from db.stored import Outcome
from echo.corpus.written import Written
from echo.errors import NoPermission, NothingToRead, ServiceUnavailable
from echo.ports import Collected
from echo.sandbox.intents import PRIVILEGED, Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import ANNOUNCEMENT
from echo.sandbox.world import World
from states.board import Progress
from tests.discord.collecting import MESSAGES, SEARCH, YEAR, collector, crowd, forbid, nothing, texts, world_of
from tests.discord.stand import CUTOFF, NOON, at, stand, store, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


async def test_everything_the_subject_wrote_before_the_cut_off_is_stored_across_pages(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(450), start=90_000), talk("random", crowd(130), start=50_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        told: list[Progress] = []
        found = await collector(stage, kept).collect(kept.profile, told.append)
        expected = sorted(
            message.content
            for history in world.messages.values()
            for message in history
            if message.author_id == kept.profile.user_id
        )
        assert found == Collected(messages=58, places=2, failed=0) and sorted(await texts(kept)) == expected
        assert [one.done for one in told] == sorted(one.done for one in told)
        assert told[-1].done == told[-1].total and "58 messages found" in told[-1].detail


@pytest.mark.parametrize("count", [99, 100, 101, 199, 200])
async def test_page_boundaries_lose_nothing_and_double_nothing(tmp_path: Path, count: int) -> None:
    world = world_of(talk("general", crowd(count, every=3), start=90_000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == count // 3
        everything = await kept.corpus.read(kept.profile.id, 100_000)
        # Two others stand before each of Mara's, the opening message is too old; after her last nobody is context.
        assert len(everything) == len({row.message_id for row in everything}) == count // 3 * 3
        # Where a page is empty, one look at what is newest there tells whether it may be read at all.
        bounds = [int(query["before"]) for query in stage.asked("GET", MESSAGES) if "before" in query]
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
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == 1
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
        authors_of = {row.author for row in rows}
        assert len(authors_of) == 3 and authors_of & {"Mara", "Bo", "Cy"} == {"Mara"}


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
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == 2
        assert await texts(kept) == ["Mara says general 0", "typed by herself"]
        assert await texts(kept, own=False) == ["Bo says general 1", "bridged words"]


async def test_threads_are_read_active_and_archived(tmp_path: Path) -> None:
    quiet = talk("plans", ["Bo", "Mara"], start=80 * 86400, parent="general")
    lively = talk("trip", ["Bo", "Mara"], start=-86400 * 13.9 + 86400 * 14.5, parent="general")
    world = world_of(talk("general", ["Bo", "Mara"], start=9000), quiet, lively)
    archived = [thread.archived for thread in world.threads()]
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert sorted(archived) == [False, True]
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == 3


async def test_many_threads_archived_at_the_same_moment_are_all_listed(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    channel, mara = world.find_channel("general"), world.find_user("Mara")
    assert channel is not None and mara is not None
    for number in range(130):
        thread = world.create_thread(channel.id, f"thread {number}", mara.id, now=at(8000 - number))
        world.post_message(thread.id, mara.id, f"in thread {number}", now=at(7000))
        world.modify_channel(thread.id, now=at(600 if number < 60 else 500 - number), archived=True)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == 131


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


@pytest.mark.parametrize(
    ("missing", "named"),
    [(Permission.VIEW_CHANNEL, "View Channel"), (Permission.READ_MESSAGE_HISTORY, "Read Message History")],
)
async def test_a_channel_without_permission_is_not_even_asked_for(
    tmp_path: Path, missing: Permission, named: str
) -> None:
    world = world_of(talk("general", ["Mara"], start=9000), talk("secret", ["Mara"], start=8000))
    forbid(world, "secret", missing)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == 1
        statuses = {route: status for _, route, _, _, status, _ in stage.wire.exchanges}
        assert {route for route, status in statuses.items() if status >= 400} == {SEARCH}
        assert len(stage.asked("GET", MESSAGES)) == 1
        secret = world.find_channel("secret")
        assert secret is not None
        result = (await kept.corpus.places(kept.profile.id))[secret.id]
        assert result.outcome is Outcome.SKIPPED and str(result.reason).count(named) == 1


async def test_announcement_channels_are_read(tmp_path: Path) -> None:
    world = world_of(talk("news", ["Mara"], start=9000))
    news = world.find_channel("news")
    assert news is not None
    world.modify_channel(news.id, now=at(0), kind=ANNOUNCEMENT)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert found.messages == 1


async def test_a_channel_or_thread_made_after_the_cut_off_costs_no_request(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    general, late = world.find_channel("general"), world.create_channel("late", now=NOON.timestamp())
    mara = world.find_user("Mara")
    assert mara is not None
    assert general is not None
    thread = world.create_thread(general.id, "late too", mara.id, now=NOON.timestamp())
    for place in (late, thread):
        world.post_message(place.id, mara.id, "much later", now=NOON.timestamp())
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
        assert await kept.corpus.ranges(kept.profile.id) == {}


async def test_a_channel_that_closes_midway_is_passed_over_and_logged_by_its_id_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = world_of(talk("general", crowd(250), start=90_000), talk("random", crowd(30), start=80_000))
    general = world.find_channel("general")
    assert general is not None
    caplog.set_level(logging.INFO, "echo")

    def close_it(progress: Progress) -> None:
        if "0 messages" not in progress.detail and general.id in world.channels:
            world.delete_channel(general.id)

    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, close_it)
        assert found.places == 2 and found.failed == 1 and found.messages > 3
        result = (await kept.corpus.places(kept.profile.id))[general.id]
        assert (result.outcome, result.reason) == (Outcome.GONE, "It was deleted.")
        assert f"Channel {general.id} is passed over" in caplog.text and "general" not in caplog.text


async def test_an_answer_in_a_form_of_no_description_is_told_without_its_words(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(30), start=9000))
    general = world.find_channel("general")
    assert general is not None
    odd = {"author": {"handle": "a secret between two"}}
    world.post_message(general.id, world.guild.owner_id, "odd", now=at(5000), interaction=odd)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        with pytest.raises(ServiceUnavailable, match="does not describe") as failure:
            await collector(stage, kept).collect(kept.profile, nothing)
        assert failure.value.__cause__ is None and "secret" not in str(failure.value)
        assert await kept.corpus.ranges(kept.profile.id) == {}
