"""Searching at servers that answer as no server should: a page or a sentence, and always an end."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from nextcord.http import Route

from echo.discord.collecting.search import Search, SearchUnavailable
from echo.errors import NoPermission
from tests.discord.searching import Pace, everything, ids
from tests.discord.stand import plain_client

MARA, GUILD = 7, 3

Answer = Callable[[web.Request], web.Response]
Wait = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answer, wait: Wait | None = None) -> AsyncIterator[Search]:
    """A search at a server that answers every request with what `answer` gives."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    base = Route.BASE
    client = plain_client()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        Route.BASE = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await client.http.static_login("sandbox")
        pace = Pace()
        yield Search(client, pace.take, wait or pace.wait)
    finally:
        Route.BASE = base
        await client.http.close()
        await runner.cleanup()


def said(body: Any, status: int = 200) -> web.Response:
    return told(json.dumps(body), status)


def told(text: str, status: int = 200) -> web.Response:
    # As bytes: a text would be given a charset, and nextcord would not take it for JSON.
    return web.Response(body=text.encode(), status=status, headers={"Content-Type": "application/json"})


def hit(message_id: int, author: int = MARA, **more: Any) -> dict[str, Any]:
    return {"id": str(message_id), "channel_id": "9", "author": {"id": str(author)}, "content": "words"} | more


def body(*groups: list[dict[str, Any]], total: Any = 100, **more: Any) -> dict[str, Any]:
    return {"messages": list(groups), "total_results": total, "doing_deep_historical_index": False} | more


def own_profile(request: web.Request) -> web.Response | None:
    """What a client asks for when it logs in."""
    return (
        said({"id": "1", "username": "echo", "discriminator": "0", "avatar": None}) if "@me" in request.path else None
    )


def always(answered: Any, status: int = 200) -> Answer:
    return lambda request: own_profile(request) or said(answered, status)


async def test_what_was_not_asked_for_is_dropped() -> None:
    group = [hit(50), hit(49, author=8)]
    answered = body([hit(100)], [hit(101)], group, [hit(48, guild_id="4")], [hit(47, guild_id=str(GUILD))], [hit(9)])
    async with answering(always(answered)) as search:
        found = await search.page(GUILD, MARA, 100, min_id=10)
        assert ids([found]) == [50, 47] and found.following == 47


async def test_what_stands_around_a_hit_does_not_move_the_window() -> None:
    async with answering(always(body([hit(50), hit(20, author=8)], [hit(40)]))) as search:
        assert (await search.page(GUILD, MARA, 100)).following == 40


async def test_a_search_that_repeats_its_newest_page_comes_to_an_end() -> None:
    async with answering(always(body([hit(60)], [hit(50)]))) as search:
        pages = await everything(search, GUILD, MARA, 100)
        assert ids(pages) == [60, 50]


async def test_an_empty_page_of_many_is_looked_behind() -> None:
    def answer(request: web.Request) -> web.Response:
        offset, below = int(request.query.get("offset", 0)), int(request.query.get("max_id", 0))
        if below <= 50:
            return said(body(total=0))
        return own_profile(request) or said(body([hit(50)], total=60) if offset == 50 else body(total=60))

    async with answering(answer) as search:
        assert ids(await everything(search, GUILD, MARA, 100)) == [50]


async def test_a_count_that_never_comes_true_ends_the_search_all_the_same() -> None:
    async with answering(always(body(total=1_000_000))) as search:
        assert (await search.page(GUILD, MARA, 100)).following is None


@pytest.mark.parametrize(
    "answered",
    [
        body([hit(50, author=8)]),
        body([hit(50)], total=None),
        body([hit(50)], total=-1),
        {"messages": [[hit(50)]]},
        {"total_results": 5},
        body([hit(50)], messages=None),
        body([hit(50)], messages=[5]),
        body([{"id": "50"}]),
        body([{"id": "many"}]),
        body([hit(50, channel_id=None)]),
        body([{"id": "50", "channel_id": "1", "author": None}]),
        body([hit(50)], threads=5),
        {"code": 110_000, "retry_after": "soon"},
        {"code": 110_000, "retry_after": [1]},
        [],
        "words",
        None,
    ],
)
async def test_an_answer_of_no_known_form_is_one_sentence(answered: Any) -> None:
    async with answering(always(answered)) as search:
        with pytest.raises(SearchUnavailable, match="a form that Discord does not describe") as caught:
            await search.page(GUILD, MARA, 100)
        assert "words" not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize("retry_after", ["Infinity", "-Infinity", "NaN", "1e999", "-5", "null"])
async def test_no_number_is_waited_for_that_cannot_be(retry_after: str) -> None:
    text = f'{{"code": 110000, "retry_after": {retry_after}, "documents_indexed": 0, "message": "not yet"}}'

    def answer(request: web.Request) -> web.Response:
        return own_profile(request) or told(text, 202)

    async with answering(answer) as search:
        with pytest.raises(SearchUnavailable):
            await search.page(GUILD, MARA, 100)


async def test_text_that_is_no_json_is_one_sentence() -> None:
    def answer(request: web.Request) -> web.Response:
        return own_profile(request) or told('{"messages": [[')

    async with answering(answer) as search:
        with pytest.raises(SearchUnavailable, match="does not describe"):
            await search.page(GUILD, MARA, 100)


async def test_a_server_whose_old_messages_are_still_indexed_is_not_trusted() -> None:
    async with answering(always(body([hit(50)], doing_deep_historical_index=True))) as search:
        with pytest.raises(SearchUnavailable, match="still indexing"):
            await search.page(GUILD, MARA, 100)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410])
async def test_a_refused_search_is_unavailable(status: int) -> None:
    refused = {"code": 0, "message": "no"}
    async with answering(lambda request: own_profile(request) or said(refused, status)) as search:
        with pytest.raises(SearchUnavailable, match=f"HTTP {status}"):
            await search.page(GUILD, MARA, 100)


async def test_a_refused_token_is_no_matter_of_searching() -> None:
    async with answering(lambda request: own_profile(request) or said({"code": 0}, 401)) as search:
        with pytest.raises(NoPermission, match="token"):
            await search.page(GUILD, MARA, 100)


async def test_a_search_can_be_broken_off_while_it_waits() -> None:
    waiting = asyncio.Event()

    async def wait(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async with answering(always({"code": 110_000, "retry_after": 30}, 202), wait) as search:
        task = asyncio.create_task(search.page(GUILD, MARA, 100))
        async with asyncio.timeout(60):
            await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "author", "channel_id", "messages", "total_results", "threads", "code"]), inner
        )
    ),
    max_leaves=12,
)


answers_of_any_form = json_values | st.builds(lambda m, t: body(total=t) | {"messages": m}, json_values, json_values)


async def page_or_sentence(search: Search) -> None:
    """Ask for a page, and look at what comes of it."""
    try:
        page = await search.page(GUILD, MARA, 100)
    except SearchUnavailable as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert page.following is None or 0 <= page.following < 100


def test_whatever_a_server_answers_is_a_page_or_a_sentence() -> None:
    given_back: Iterator[Any] = iter(())
    # One server for all of it: to begin one costs more than it to answer.
    with asyncio.Runner() as runner:
        server = answering(lambda request: own_profile(request) or said(next(given_back)))
        search = runner.run(server.__aenter__())

        @settings(max_examples=80, deadline=None)
        @given(st.lists(answers_of_any_form, min_size=3, max_size=6))
        def hold(answers: list[Any]) -> None:
            nonlocal given_back
            given_back = itertools.cycle(answers)
            for _ in range(3):
                runner.run(page_or_sentence(search))

        try:
            hold()
        finally:
            runner.run(server.__aexit__(None, None, None))
