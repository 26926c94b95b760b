"""People are told what an echo is: when it comes online, before its first answer to them, and when they ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from states.model import SessionState
from tests.e2e.test_giving_way import CHANNEL, OTHER, SUBJECT, online
from tests.support.running import PATIENCE, Running, running, until
from tests.support.settlers import gardeners

CALL = "Ines (echo): how are the beans?"


def notices(echo: Running, word: str, channel: str = CHANNEL) -> list[str]:
    """What Echo itself said in the channel with this word in it."""
    assert echo.echo.sandbox is not None
    bot = str(echo.echo.sandbox.world.bot.id)
    found = echo.people.messages(channel, limit=None)
    return [one["content"] for one in found if one["author_id"] == bot and word in one["content"]]


async def seen(echo: Running, fact: Callable[[], object]) -> None:
    """Wait until something is true of what people can see."""
    news = asyncio.Event()
    stop = echo.people.subscribe(lambda _: news.set())
    try:
        async with asyncio.timeout(PATIENCE):
            while not fact():
                await news.wait()
                news.clear()
    finally:
        stop()


async def test_a_channel_is_told_once_whenever_an_echo_comes_online_there(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        await online(echo)
        [told] = notices(echo, "is online in this channel")
        assert "a bot that writes the way Ines writes" in told and "consent" in told and "❓" in told
        session = echo.session()
        assert await echo.echo.operator.offline(session.id) == "The echo is offline."
        assert await echo.echo.operator.online(session.profile_id, session.channel_id) == "The echo is online."
        await seen(echo, lambda: len(notices(echo, "is online")) == 2)
        await echo.tell(OTHER, CHANNEL, CALL)
        assert len(notices(echo, "is online")) == 2

        [met] = notices(echo, "for the first time")
        assert "**Mara**" in met and "Ines's consent" in met and met.startswith("-# ")
        order = [m["content"] for m in echo.people.messages(CHANNEL, limit=None)]
        assert order.index(met) < order.index(echo.said(CHANNEL)[0]["content"]), "before the answer, not after it"
        await echo.tell(OTHER, CHANNEL, "Ines (echo): and the peas?")
        assert len(notices(echo, "for the first time")) == 1
    async with running(tmp_path, tmp_path / "export.jsonl", clock=echo.clock) as again:
        await again.tell(OTHER, CHANNEL, "Ines (echo): still there?")
        assert again.said(CHANNEL) and notices(again, "for the first time") == [], "once for ever"


async def test_an_echo_that_cannot_say_what_it_is_says_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        await online(echo)
        session = echo.session()
        await echo.echo.operator.offline(session.id)
        assert echo.echo.sandbox is not None
        bot = echo.echo.sandbox.world.bot.display_name
        await echo.people.permit(SUBJECT, CHANNEL, bot, deny=("send_messages", "manage_webhooks"))
        await echo.echo.operator.online(session.profile_id, session.channel_id)
        await until(echo.board, lambda: echo.session().state is SessionState.OFFLINE)
        assert "could not tell this channel that it is a bot" in (echo.session().reason or "")
