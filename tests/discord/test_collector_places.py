"""What is read of a server: every kind of place, none that is left out, and no request for what can hold nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.stored import Outcome, PlaceResult
from echo.errors import NothingToRead
from echo.sandbox.permissions import Permission
from echo.sandbox.records import ANNOUNCEMENT, CATEGORY, FORUM, MEDIA, STAGE, TEXT, VOICE, Channel, Overwrite
from echo.sandbox.world import World
from states.board import Progress
from tests.discord.collecting import MESSAGES, YEAR, collector, crowd, forbid, nothing, texts, world_of
from tests.discord.stand import Stand, Store, at, stand, store, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


def mara(world: World) -> int:
    found = world.find_user("Mara")
    assert found is not None
    return found.id


def place(world: World, name: str) -> Channel:
    found = world.find_channel(name)
    assert found is not None
    return found


def say(world: World, where: Channel, *said: str, seconds: float = 7000) -> None:
    """Mara says it there, so many seconds before the cut-off and after."""
    for number, text in enumerate(said):
        world.post_message(where.id, mara(world), text, now=at(seconds - number))


async def results(kept: Store) -> dict[int, PlaceResult]:
    return dict(await kept.corpus.places(kept.profile.id))


def asked_places(stage: Stand) -> int:
    return len(stage.asked("GET", MESSAGES))


@pytest.mark.parametrize("kind", [TEXT, VOICE, ANNOUNCEMENT, STAGE], ids=["text", "voice", "announcement", "stage"])
async def test_what_was_said_in_any_channel_is_read(tmp_path: Path, kind: int) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    say(world, world.create_channel("here", now=at(YEAR), kind=kind), "said here")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 2


@pytest.mark.parametrize("kind", [FORUM, MEDIA], ids=["forum", "media"])
@pytest.mark.parametrize("archived", [False, True], ids=["active", "archived"])
async def test_posts_are_read_active_and_archived(tmp_path: Path, kind: int, archived: bool) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    ideas = world.create_channel("ideas", now=at(YEAR), kind=kind)
    post = world.create_thread(ideas.id, "an idea", mara(world), now=at(8000))
    say(world, post, "what if", "and then")
    if archived:
        world.modify_channel(post.id, now=at(6000), archived=True)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 3
        assert (await results(kept))[post.id].outcome is Outcome.READ and ideas.id not in await results(kept)


async def test_all_private_threads_are_read_by_who_may_manage_threads(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    for number in range(3):
        thread = world.create_thread(place(world, "general").id, f"t{number}", mara(world), now=at(8000), private=True)
        say(world, thread, f"in private {number}")
        world.modify_channel(thread.id, now=at(6000 - number), archived=True)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 4


async def test_a_thread_that_wakes_up_or_falls_asleep_while_threads_are_listed_is_read(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    sleeper, waker = (
        world.create_thread(place(world, "general").id, name, mara(world), now=at(8000)) for name in ("down", "up")
    )
    for thread in (sleeper, waker):
        say(world, thread, "in a thread")
    world.modify_channel(waker.id, now=at(6000), archived=True)
    lists: list[str] = []

    def turn_after_the_first_list(method: str, route: str, *rest: object) -> None:
        if "/threads/" in route:
            lists.append(route)
            if len(lists) == 1:
                world.modify_channel(sleeper.id, now=at(-10), archived=True)
                world.modify_channel(waker.id, now=at(-10), archived=False)

    async with stand(world, record=turn_after_the_first_list) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 3


async def test_voice_chat_needs_the_permission_to_connect(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    voice = world.create_channel("loud", now=at(YEAR), kind=VOICE)
    say(world, voice, "over the noise")
    forbid(world, "loud", Permission.CONNECT)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 1
        result = (await results(kept))[voice.id]
        assert result.outcome is Outcome.SKIPPED and "Connect" in str(result.reason)


async def test_age_restricted_channels_and_their_threads_are_read_only_by_setting(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    bar = world.create_channel("bar", now=at(YEAR), nsfw=True)
    say(world, bar, "in the bar")
    say(world, world.create_thread(bar.id, "corner", mara(world), now=at(8000)), "in a corner of it")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 1
        result = (await results(kept))[bar.id]
        assert result.outcome is Outcome.SKIPPED and "collect_nsfw" in str(result.reason)
        assert (await collector(stage, kept, nsfw=True).collect(kept.profile, nothing)).messages == 3


@pytest.mark.parametrize("excluded", ["channel", "category", "thread"])
async def test_what_a_setting_leaves_out_costs_no_request(tmp_path: Path, excluded: str) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    category = world.create_channel("quiet places", now=at(YEAR), kind=CATEGORY)
    channel = world.create_channel("diary", now=at(YEAR), parent_id=category.id)
    thread = world.create_thread(channel.id, "today", mara(world), now=at(8000))
    for where in (channel, thread):
        say(world, where, "not for Echo")
    left_out = {"channel": channel.id, "category": category.id, "thread": thread.id}[excluded]
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept, excluded={left_out}).collect(kept.profile, nothing)
        assert found.messages == asked_places(stage) == (2 if excluded == "thread" else 1)
        told = (await results(kept))[thread.id if excluded == "thread" else channel.id]
        assert told.outcome is Outcome.SKIPPED and "excluded_channels" in str(told.reason)


async def test_a_channel_in_which_nothing_was_ever_said_costs_no_request(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    empty = world.create_channel("empty", now=at(YEAR))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, nothing)
        assert (found.places, found.failed, asked_places(stage)) == (2, 0, 1)
        assert (await results(kept))[empty.id] == PlaceResult(empty.id, Outcome.READ)


async def test_an_empty_page_from_a_channel_that_was_closed_is_no_end_of_it(tmp_path: Path) -> None:
    world = world_of(talk("general", crowd(250), start=90_000), talk("random", crowd(30), start=80_000))
    general = place(world, "general")

    def close_it(progress: Progress) -> None:
        if "0 messages" not in progress.detail:
            forbid(world, "general", Permission.READ_MESSAGE_HISTORY)

    async with stand(world) as stage, store(tmp_path, world) as kept:
        found = await collector(stage, kept).collect(kept.profile, close_it)
        assert found.failed == 1
        result = (await results(kept))[general.id]
        assert result.outcome is Outcome.CLOSED and "Read Message History" in str(result.reason)
        # Once it is open again, the rest is read.
        world.set_overwrite(general.id, Overwrite(world.bot.id, 1, 0, 0))
        again = await collector(stage, kept).collect(kept.profile, nothing)
        assert (again.messages, again.failed) == (28, 0)


async def test_a_list_of_threads_that_is_not_to_be_had_is_told_and_the_channel_is_read(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    lists: list[str] = []

    def refuse_the_second_list(method: str, route: str, *rest: object) -> None:
        if "/threads/" in route:
            lists.append(route)
            if len(lists) == 1:
                stage.sandbox.faults.set({"errors": 1, "status": 403})

    async with stand(world, record=refuse_the_second_list) as stage, store(tmp_path, world) as kept:
        assert (await collector(stage, kept).collect(kept.profile, nothing)).messages == 1
        assert lists[1].endswith("/threads/archived/public")
        result = (await results(kept))[place(world, "general").id]
        assert result.outcome is Outcome.READ and "archived threads are not all known" in str(result.reason)


async def test_other_peoples_names_do_not_stand_in_what_is_stored(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    bo = world.find_user("Bo")
    assert bo is not None
    say(world, place(world, "general"), f"well <@{bo.id}>, Zoe said so in <#{place(world, 'general').id}>")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        text = (await texts(kept))[-1]
        assert "Zoe" not in text and "<@" not in text and text.endswith("#general")


async def test_what_a_hidden_channel_is_called_does_not_stand_in_what_is_stored(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    hidden = world.create_channel(
        "layoffs", now=1.6e9, overwrites=[Overwrite(world.guild.id, 0, 0, Permission.VIEW_CHANNEL)]
    )
    say(world, place(world, "general"), f"see <#{hidden.id}> and <#{place(world, 'general').id}>")
    async with stand(world) as stage, store(tmp_path, world) as kept:
        await collector(stage, kept).collect(kept.profile, nothing)
        assert (await texts(kept))[-1] == "see #channel and #general"


async def test_a_server_where_every_channel_is_left_out_is_told_in_one_sentence(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Mara"], start=9000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        with pytest.raises(NothingToRead, match="Echo can read no channel"):
            await collector(stage, kept, excluded={place(world, "general").id}).collect(kept.profile, nothing)
