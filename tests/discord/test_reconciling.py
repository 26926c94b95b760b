"""What was edited and deleted while Echo was away is found, and nothing is concluded from what it may not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.changes import Reconciliations
from db.stored import Provenance, StoredMessage
from echo.corpus.written import Written
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.reconciling import Reconciling
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from tests.discord.edge import NOON
from tests.discord.followed import Followed, day_of_talk, followed

MESSAGES = ("GET", "/channels/{channel_id}/messages")


def at(world: World, text: str, channel: str = "general") -> tuple[int, int]:
    """The ids of a channel and of the message there that says this."""
    found = world.find_channel(channel)
    assert found is not None
    every = world.messages[found.id].before(None, len(world.messages[found.id]))
    return found.id, next(one.id for one in every if one.content == text)


def forbid(world: World, channel: str, permission: Permission) -> None:
    found = world.find_channel(channel)
    assert found is not None
    world.set_overwrite(found.id, Overwrite(world.bot.id, 1, 0, int(permission)))


def rounds(stage: Followed, pages: int, first: int) -> Reconciling:
    """Rounds of so many pages."""
    return Reconciling(
        stage.edge.client,
        stage.corpus,
        stage.following.corrections,
        Reconciliations(stage.edge.database),
        stage.edge.board,
        Budget(None).account(background=True),
        pages=pages,
        first=first,
    )


def asked(stage: Followed) -> int:
    return stage.edge.requests.count(MESSAGES)


async def test_after_an_absence_the_corpus_is_what_stands_on_discord(tmp_path: Path) -> None:
    start = NOON.timestamp() - 7200
    garden = [Written("Bo", "garden", start + i, f"garden {i}") for i in range(3)]
    attic = [Written("Bo", "attic", start + i, f"attic {i}", parent="garden") for i in range(3)]
    talk = [Written(("Ada", "Bo")[i % 2], "general", start + 60 * i, f"line {i} here") for i in range(20)]
    world = World.populate(7, "Somewhere", [*talk, *garden, *attic], manager="Ada")
    async with followed(tmp_path, world) as stage:
        await stage.fill("general", "garden", "attic")
    now = NOON.timestamp() + 3600
    world.delete_message(*at(world, "line 19 here"))
    world.delete_message(*at(world, "line 4 here"))
    world.edit_message(*at(world, "line 7 here"), now=now, content="line seven, rather")
    world.edit_message(*at(world, "line 9 here"), now=now, content="!roll 20")
    world.edit_message(*at(world, "line 11 here"), now=now, embeds=[{"title": "A page"}])
    world.delete_channel(at(world, "garden 0", "garden")[0])
    async with followed(tmp_path, world) as stage:
        # Two deleted, one said otherwise, one no words any more, six gone with their channel.
        await stage.changed(stale=10)
        expected = [f"line {i} here" for i in range(20) if i not in (4, 9, 19)]
        expected[expected.index("line 7 here")] = "line seven, rather"
        assert await stage.texts() == expected
        assert stage.profile.messages == 8


async def test_a_second_look_finds_nothing_more(tmp_path: Path) -> None:
    world = day_of_talk()
    async with followed(tmp_path, world) as stage:
        await stage.fill()
    world.edit_message(*at(world, "line 29 here"), now=NOON.timestamp(), content="tell Ada and Cy")
    async with followed(tmp_path, world) as stage:
        await stage.changed(stale=1)
        [row] = [row for row in await stage.rows() if row.message_id == at(world, "tell Ada and Cy")[1]]
        assert "Ada" not in row.text
        await stage.following.reconciling.server(stage.profile.server_id)
    async with followed(tmp_path, world) as stage:
        await stage.following.reconciling.server(stage.profile.server_id)
        assert await stage.changes.pending() == {} and stage.profile.stale == 1


@pytest.mark.parametrize("permission", [Permission.READ_MESSAGE_HISTORY, Permission.VIEW_CHANNEL])
async def test_nothing_is_concluded_from_what_may_not_be_read(tmp_path: Path, permission: Permission) -> None:
    world = day_of_talk()
    async with followed(tmp_path, world) as stage:
        await stage.fill()
    world.delete_message(*at(world, "line 29 here"))
    forbid(world, "general", permission)
    async with followed(tmp_path, world) as stage:
        await stage.following.reconciling.server(stage.profile.server_id)
        assert len(await stage.rows()) == 30
        world.delete_overwrite(at(world, "line 28 here")[0], world.bot.id)
        await stage.edge.until(lambda: stage.following.reads(world.guild.id, at(world, "line 28 here")[0]))
        await stage.following.reconciling.server(stage.profile.server_id)
        assert len(await stage.rows()) == 29


async def test_an_empty_page_alone_does_not_mean_that_nothing_stands_there(tmp_path: Path) -> None:
    world = day_of_talk()
    async with followed(tmp_path, world) as stage:
        await stage.fill("random", "general")
        reconciling, server_id = stage.following.reconciling, stage.profile.server_id
        random = at(world, "hello all", "random")[0]
        world.delete_message(*at(world, "hello all", "random"))
        await stage.changed(stale=1)
        gone = StoredMessage(random << 1, 1, server_id, random, 1.0, "was here once", "Ada", own=False)
        await stage.corpus.store(stage.profile, [gone])
        # Discord says that there is no such message.
        await reconciling.server(server_id)
        assert "was here once" not in await stage.texts()
        await stage.corpus.store(stage.profile, [gone])
        stage.edge.sandbox.faults.set({"errors": 1, "status": 403, "match": str(gone.message_id)})
        # Discord says nothing of it.
        await reconciling.server(server_id)
        assert "was here once" in await stage.texts()


async def test_nothing_is_concluded_from_texts_that_are_withheld(tmp_path: Path) -> None:
    world = day_of_talk()
    async with followed(tmp_path, world) as stage:
        await stage.fill()
    world.edit_message(*at(world, "line 29 here"), now=NOON.timestamp(), content="something else")
    async with followed(tmp_path, world) as stage:
        await stage.changed(stale=1)
        world.edit_message(*at(world, "line 26 here"), now=NOON.timestamp(), content="another thing")
        await stage.changed(stale=2)
        before = await stage.texts()
        stage.edge.sandbox.faults.set({"message_content": False})
        world.edit_message(*at(world, "line 23 here"), now=NOON.timestamp(), content="a third thing")
        await stage.following.reconciling.reconcile(stage.profile)
        assert await stage.texts() == before
        stage.edge.sandbox.faults.clear()
        await stage.following.reconciling.reconcile(stage.profile)
        assert "a third thing" in await stage.texts()


async def test_only_pages_with_stored_messages_are_asked_for(tmp_path: Path) -> None:
    world = day_of_talk(900)
    async with followed(tmp_path, world) as stage:
        await stage.fill()
        ids = [row.message_id for row in await stage.rows()]
        await stage.corpus.remove(ids[5:-5])
        before = asked(stage)
        await stage.following.reconciling.server(stage.profile.server_id)
        assert asked(stage) == before + 2


async def test_a_round_is_bounded_begins_with_the_newest_and_the_next_goes_on(tmp_path: Path) -> None:
    world = day_of_talk(900)
    async with followed(tmp_path, world) as stage:
        await stage.fill()
        server_id, channel = stage.profile.server_id, stage.edge.channel("general")
        ids = [row.message_id for row in await stage.rows()]
        # As if it had happened unheard.
        for one in (ids[10], ids[-10]):
            world.messages[channel].remove(one)
        some = rounds(stage, pages=4, first=1)
        before = asked(stage)
        await some.server(server_id)
        assert asked(stage) == before + 4
        assert await stage.corpus.holding([ids[-10]]) == [] and await stage.corpus.holding([ids[10]])
        world.messages[channel].remove(ids[-20])
        for _ in range(2):
            await some.server(server_id)
        assert await stage.corpus.holding([ids[-20], ids[10]]) == []
        assert await Reconciliations(stage.edge.database).reached(server_id) is None


async def test_a_failure_ends_a_round_and_the_next_makes_up_for_it(tmp_path: Path) -> None:
    world = day_of_talk(300)
    async with followed(tmp_path, world) as stage:
        await stage.fill()
        channel = stage.edge.channel("general")
        ids = [row.message_id for row in await stage.rows()]
        world.messages[channel].remove(ids[3])
        stage.edge.sandbox.faults.set({"malformed": 1, "match": "/messages"})
        await stage.following.reconciling.reconcile(stage.profile)
        assert await stage.corpus.holding([ids[3]])
        await stage.following.reconciling.reconcile(stage.profile)
        assert await stage.corpus.holding([ids[3]]) == []


async def test_what_was_imported_from_elsewhere_is_left_alone(tmp_path: Path) -> None:
    world = day_of_talk()
    async with followed(tmp_path, world) as stage:
        profile, general = stage.profile, stage.edge.channel("general")
        found: dict[str, Any] = {
            "user_id": profile.user_id,
            "server_id": profile.server_id,
            "ts": 1.0,
            "own": True,
        }

        def imported(message_id: int, channel_id: int, text: str) -> StoredMessage:
            return StoredMessage(
                message_id, channel_id=channel_id, text=text, author="Bo", provenance=Provenance.EXPORT, **found
            )

        await stage.fill()
        rows = [
            imported(-5, general, "without an id of Discord's"),
            imported(1 << 40, 77, "from a channel that was gone long before"),
            imported((general >> 22) + 5 << 22, general, "deleted since it was exported"),
        ]
        await stage.corpus.store(profile, rows)
        await stage.following.reconciling.server(profile.server_id)
        texts = await stage.texts()
        assert rows[0].text in texts and rows[1].text in texts
        assert rows[2].text not in texts and len(texts) == 32
