"""Searching for an author's messages at the sandbox."""

from __future__ import annotations

import nextcord
import pytest

from echo.discord.collecting.search import LIMIT, PATIENCE, SearchUnavailable
from echo.errors import ServiceUnavailable
from echo.sandbox.intents import PRIVILEGED, Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from tests.discord.searching import END, Pace, everything, ids
from tests.discord.stand import Stand, stand, talk

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")

SEARCH = "/guilds/{guild_id}/messages/search"


def written(stage: Stand, name: str = "Mara") -> list[int]:
    user = stage.world.find_user(name)
    assert user is not None
    found = [one.id for history in stage.world.messages.values() for one in history if one.author_id == user.id]
    return sorted(found, reverse=True)


def user_id(stage: Stand, name: str = "Mara") -> int:
    user = stage.world.find_user(name)
    assert user is not None
    return user.id


def busy() -> World:
    """Mara wrote 66 messages in #general, 20 in #random and 30 in a thread."""

    def crowd(count: int, every: int) -> list[str]:
        return ["Mara" if number % every == every - 1 else "Bo" for number in range(count)]

    written = [
        *talk("general", crowd(200, 3), start=90_000),
        *talk("random", crowd(80, 4), start=90_010),
        *talk("tea", crowd(60, 2), start=30_000, parent="general"),
    ]
    return World.populate(3, "Somewhere", written, manager="Bo")


async def test_every_message_of_the_author_is_found_once_and_newest_first() -> None:
    async with stand(busy()) as stage:
        pace = Pace()
        pages = await everything(pace.at(stage.client), stage.world.guild.id, user_id(stage))
        assert ids(pages) == written(stage) and len(ids(pages)) == 116
        # A page that is not full is no end: an empty one is.
        assert len(pages) == pace.turns == 6 and [len(page.messages) for page in pages] == [25, 25, 25, 25, 16, 0]
        assert pages[0].total == 116 and pages[-1].total == 0
        bounds = [int(query["max_id"]) for query in stage.asked("GET", SEARCH)]
        assert bounds == sorted(set(bounds), reverse=True)
        assert {one["name"] for page in pages for one in page.threads} == {"tea"}


async def test_pages_with_fewer_messages_than_there_are_lose_none() -> None:
    async with stand(busy()) as stage:
        stage.sandbox.faults.set({"search_short": 9})
        pages = await everything(Pace().at(stage.client), stage.world.guild.id, user_id(stage))
        assert ids(pages) == written(stage) and len({len(page.messages) for page in pages}) > 3


async def test_bounds_are_kept_to_the_message() -> None:
    async with stand(busy()) as stage:
        found = written(stage)
        pages = await everything(Pace().at(stage.client), stage.world.guild.id, user_id(stage), found[10], found[50])
        assert ids(pages) == found[11:51]


async def test_messages_are_counted_by_one_request_each() -> None:
    async with stand(busy()) as stage:
        pace, guild_id, found = Pace(), stage.world.guild.id, written(stage)
        search = pace.at(stage.client)
        assert await search.count(guild_id, END, author_id=user_id(stage)) == 116
        everybody = sum(len(history) for history in stage.world.messages.values())
        assert await search.count(guild_id, END) == everybody
        assert await search.count(guild_id, found[10], author_id=user_id(stage), min_id=found[50]) == 40
        assert pace.turns == 3


async def test_where_the_bot_may_not_read_nothing_is_found() -> None:
    world = busy()
    found = world.find_channel("random")
    assert found is not None
    world.set_overwrite(found.id, Overwrite(world.bot.id, 1, 0, int(Permission.READ_MESSAGE_HISTORY)))
    async with stand(world) as stage:
        pages = await everything(Pace().at(stage.client), world.guild.id, user_id(stage))
        assert len(ids(pages)) == 96


async def test_age_restricted_channels_are_searched_only_when_told() -> None:
    world = busy()
    found = world.find_channel("random")
    assert found is not None
    found.nsfw = True
    async with stand(world) as stage:
        search, mara = Pace().at(stage.client), user_id(stage)
        counts = [await search.count(world.guild.id, END, author_id=mara, include_nsfw=told) for told in (False, True)]
        assert counts == [96, 116]
        seen = {raw["channel_id"] for page in await everything(search, world.guild.id, mara) for raw in page.messages}
        assert str(found.id) not in seen


async def test_a_server_that_is_being_indexed_is_waited_for() -> None:
    async with stand(busy()) as stage:
        stage.sandbox.faults.set({"indexing": 3, "retry_after": 5})
        pace = Pace()
        page = await pace.at(stage.client).page(stage.world.guild.id, user_id(stage), END)
        assert len(page.messages) == LIMIT and pace.waits == [5, 5, 5] and pace.turns == 4


async def test_what_is_asked_and_answered_fits_discords_description() -> None:
    async with stand(busy()) as stage:
        search, mara = Pace().at(stage.client), user_id(stage)
        await everything(search, stage.world.guild.id, mara)
        stage.sandbox.faults.set({"indexing": 1})
        await search.count(stage.world.guild.id, END, author_id=mara, min_id=5, include_nsfw=True)
        assert stage.wire.faults() == []


@pytest.mark.parametrize(("retry_after", "waits"), [(25, 2), (0, int(PATIENCE)), (61, 0), (86_400 * 365, 0)])
async def test_a_server_that_stays_unindexed_is_not_waited_for_for_ever(retry_after: int, waits: int) -> None:
    async with stand(busy()) as stage:
        stage.sandbox.faults.set({"indexing": 1000, "retry_after": retry_after})
        pace = Pace()
        with pytest.raises(SearchUnavailable, match="has yet to index this server"):
            await pace.at(stage.client).page(stage.world.guild.id, user_id(stage), END)
        assert len(pace.waits) == waits and sum(pace.waits) <= PATIENCE and all(one >= 1 for one in pace.waits)


async def test_a_server_without_search_is_told_from_one_that_is_away() -> None:
    async with stand(busy()) as stage:
        stage.sandbox.faults.set({"search_forbidden": True})
        search = Pace().at(stage.client)
        with pytest.raises(SearchUnavailable, match="does not let Echo search this server") as caught:
            await search.page(stage.world.guild.id, user_id(stage), END)
        assert "reads the channels instead" in str(caught.value) and "\n" not in str(caught.value)
        with pytest.raises(SearchUnavailable):
            await search.count(stage.world.guild.id, END)
        stage.sandbox.faults.set({"clear": True})
        with pytest.raises(SearchUnavailable, match="HTTP 404"):
            await search.page(1, user_id(stage), END)
        stage.sandbox.faults.set({"errors": 1, "status": 503})
        with pytest.raises(ServiceUnavailable, match="HTTP 503"):
            await search.page(stage.world.guild.id, user_id(stage), END)


async def test_without_the_message_content_intent_there_is_no_search() -> None:
    granted = PRIVILEGED & ~Intent.MESSAGE_CONTENT
    intents = nextcord.Intents.all()
    intents.message_content = False
    async with stand(busy(), intents, granted=granted) as stage:
        with pytest.raises(SearchUnavailable):
            await Pace().at(stage.client).page(stage.world.guild.id, user_id(stage), END)
