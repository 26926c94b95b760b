"""Private messages, and what is seen of people's typing and reacting, over the loopback Discord."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from echo.discord.consent import Button, Style
from echo.discord.letters import Enclosure, Letters
from tests.discord.edge import PATIENCE, edge_at


async def test_a_letter_comes_privately_with_its_files_and_buttons(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        letters = Letters(edge.client)
        assert await letters.send(edge.id_of("Bo"), "what you asked for", [Enclosure("all.zip", b"PK")])
        assert await letters.send(edge.id_of("Bo"), "and more", buttons=[Button("Not like me", "x:1", Style.BAD)])
        first, second = edge.people.letters("Bo")
        assert (first["content"], first["attachments"][0]["filename"]) == ("what you asked for", "all.zip")
        assert (second["content"], second["components"][0]["label"]) == ("and more", "Not like me")
        assert edge.people.letters("Ada") == []
        assert edge.requests.count(("POST", "/users/@me/channels")) == 1


async def test_who_takes_no_direct_messages_gets_none_and_that_is_told(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        letters = Letters(edge.client)
        await edge.people.close_letters("Bo")
        assert not await letters.send(edge.id_of("Bo"), "psst")
        assert not await letters.send(1, "to nobody")
        await edge.people.close_letters("Bo", closed=False)
        assert await letters.send(edge.id_of("Bo"), "psst")
        assert [one["content"] for one in edge.people.letters("Bo")] == ["psst"]


async def test_several_see_who_types_and_what_is_put_under_messages(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        seen: list[tuple[str, Any]] = []
        news = asyncio.Event()

        def take_of(name: str) -> Callable[[Any], None]:
            def take(data: Any) -> None:
                seen.append((name, data))
                news.set()

            return take

        names = ("TYPING_START", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE")
        for name in (*names, names[0]):
            edge.client.witness(name, take_of(name))
        said = await edge.people.say("Ada", "general", "hello")
        await edge.people.type("Bo", "general")
        await edge.people.react("Bo", said["id"], "❓")
        await edge.people.react("Bo", said["id"], "❓", remove=True)
        async with asyncio.timeout(PATIENCE):
            while len(seen) < 4:
                await news.wait()
                news.clear()
        assert [name for name, _ in seen] == [names[0], names[0], names[1], names[2]]
        assert seen[0][1]["user_id"] == str(edge.id_of("Bo"))
        assert [data["emoji"]["name"] for name, data in seen[2:]] == ["❓", "❓"]
