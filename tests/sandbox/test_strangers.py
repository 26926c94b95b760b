"""The sandbox is for programs on this computer: a web page that somebody has open can neither act in it nor read it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from echo.sandbox.server import Sandbox
from tests.support.bot import small_world
from tests.support.loopback import opened

PATHS = ("/sandbox/people", "/sandbox/messages?channel=general", "/api/v10/gateway", "/gateway")
WRITTEN = {"author": "Ada", "channel": "general", "content": "not by Ada"}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with opened(small_world()) as running:
        yield running


@pytest.mark.parametrize("origin", ["https://example.org", "http://127.0.0.1.example.org", "null", "http://[", ""])
async def test_a_page_can_send_nothing_in_the_name_of_the_people(sandbox: Sandbox, origin: str) -> None:
    before = sandbox.people.messages("general")
    # Without a content type that a browser would have to ask for first.
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    async with aiohttp.ClientSession(sandbox.address, headers=headers) as page:
        async with page.post("/sandbox/messages", json=WRITTEN) as refused:
            assert refused.status == 403 and "Only programs on this computer" in (await refused.json())["error"]
        for path in PATHS:
            async with page.get(path) as refused:
                assert refused.status == 403
    assert sandbox.people.messages("general") == before


@pytest.mark.parametrize("host", ["rebound.example.org", "rebound.example.org:8080", "127.0.0.1.example.org", "["])
async def test_a_page_whose_name_leads_here_reads_nothing(sandbox: Sandbox, host: str) -> None:
    async with aiohttp.ClientSession(sandbox.address, headers={"Host": host}) as page:
        for path in PATHS:
            async with page.get(path) as refused:
                assert refused.status == 403 and list(await refused.json()) == ["error"]


@pytest.mark.parametrize(
    "headers", [{}, {"Host": "localhost:1"}, {"Host": "[::1]"}, {"Origin": "http://localhost:3000"}]
)
async def test_programs_on_this_computer_are_served(sandbox: Sandbox, headers: dict[str, str]) -> None:
    session = aiohttp.ClientSession(sandbox.address, headers=headers)
    async with session as program, program.get("/sandbox/people") as answer:
        assert answer.status == 200 and len(await answer.json()) == 3
