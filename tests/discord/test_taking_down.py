"""What a forgotten echo said is taken down one by one; what could not be is counted with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.erased import GONE, REMOVED, Erasures, begin_erasure
from echo.discord.pictures import Pictures
from echo.discord.taking_down import NO_CHANNEL, NOT_ALLOWED, TakingDown
from echo.discord.webhooks import Webhooks
from echo.errors import ServiceUnavailable
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from states.model import ProfileSnapshot
from tests.discord.edge import Edge, edge_at


async def said(edge: Edge, webhooks: Webhooks, profile: ProfileSnapshot, channel: str) -> int:
    """A message of the echo's through a webhook of its own."""
    webhook = await webhooks.obtain(edge.channel(channel), Pictures().of(profile.id, None))
    assert webhook is not None
    message = {"content": "said by an echo", "username": "Bo (echo)", "allowed_mentions": {"parse": []}}
    return int((await webhooks.execute(webhook, message, None))["id"])


async def note(edge: Edge, profile: ProfileSnapshot, posts: dict[int, str]) -> Erasures:
    """An erasure that is to take these messages down; message -> its channel."""
    async with edge.database.write() as connection:
        await begin_erasure(connection, profile.id, edge.clock(), profile.user_id, posts=True)
        for message_id, channel in posts.items():
            row = (profile.id, edge.channel(channel), message_id)
            await connection.execute("INSERT INTO posts_to_remove VALUES (?, ?, ?, NULL)", row)
    return Erasures(edge.database)


def can_see(edge: Edge, profile: ProfileSnapshot, channel: str) -> bool:
    """Whether Echo knows that it may see a channel."""
    guild = edge.client.get_guild(profile.server_id)
    place = guild.get_channel(edge.channel(channel)) if guild is not None else None
    return guild is not None and place is not None and bool(place.permissions_for(guild.me).view_channel)


async def test_each_is_deleted_by_who_said_it_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        profile, webhooks = await edge.ready("Bo"), Webhooks(edge.client)
        bot = edge.world.bot.id
        edge.world.set_overwrite(edge.channel("general"), Overwrite(bot, 1, deny=int(Permission.MANAGE_MESSAGES)))
        mine = await said(edge, webhooks, profile, "general")
        gone = await said(edge, webhooks, profile, "general")
        edge.world.delete_message(edge.channel("general"), gone)
        others = int((await edge.people.say("Cy Day", "general", "nobody may delete this"))["id"])
        hidden = await said(edge, webhooks, profile, "random")
        edge.world.set_overwrite(edge.channel("random"), Overwrite(bot, 1, deny=int(Permission.VIEW_CHANNEL)))
        await edge.until(lambda: not can_see(edge, profile, "random"))
        where = {mine: "general", gone: "general", others: "general", hidden: "random"}
        erasures = await note(edge, profile, where)
        taking_down = TakingDown(edge.client, edge.board, erasures, webhooks)
        await taking_down.take_down(profile)
        erased = await erasures.of(profile.id)
        assert erased is not None and erased.posts.get(REMOVED) == 1 and erased.posts.get(GONE) == 1
        failed = [why for why in erased.posts if why not in (REMOVED, GONE)]
        assert failed and all(why.startswith((NOT_ALLOWED, NO_CHANNEL)) for why in failed)
        assert edge.world.message(edge.channel("general"), mine) is None
        assert edge.world.message(edge.channel("general"), others) is not None
        assert await taking_down.release(profile) == {"webhooks": 1}
        assert {one.channel_id for one in edge.world.webhooks.values()} == {edge.channel("random")}, "out of reach"
        assert await taking_down.release(profile) == {}
        await webhooks.close()


async def test_where_discord_is_away_it_goes_on_later_with_what_is_left(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        profile, webhooks = await edge.ready("Bo"), Webhooks(edge.client)
        first, second = [await said(edge, webhooks, profile, "general") for _ in range(2)]
        erasures = await note(edge, profile, {first: "general", second: "general"})
        taking_down = TakingDown(edge.client, edge.board, erasures, webhooks)
        edge.sandbox.faults.set({"status": 503, "errors": 100, "match": f"messages/{second}"})
        with pytest.raises(ServiceUnavailable):
            await taking_down.take_down(profile)
        assert [post.message_id for post in await erasures.posts_left(profile.id)] == [second]
        assert f"posts {profile.id}" not in edge.board.conditions
        edge.sandbox.faults.set({"clear": True})
        await taking_down.take_down(profile)
        assert await erasures.posts_left(profile.id) == []
        await webhooks.close()
