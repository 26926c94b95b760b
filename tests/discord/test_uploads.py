"""Files given with commands: only from where Discord keeps them, and never more than is allowed."""

from __future__ import annotations

import aiohttp.web
import nextcord
import pytest

from echo.discord.translate import Upload
from echo.discord.uploads import fetched
from echo.errors import EchoError, UsageError


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/package.zip",
        "http://cdn.discordapp.com/attachments/1/2/package.zip",
        "https://cdn.discordapp.com.example.org/package.zip",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9/package.zip",
    ],
)
async def test_nothing_is_fetched_from_where_discord_keeps_no_files(url: str) -> None:
    with pytest.raises(UsageError, match="was not fetched"):
        await fetched(Upload(1, "package.zip", 10, url), megabytes=1)


@pytest.mark.parametrize(("path", "said"), [("/long", "at most 1 are taken"), ("/away", "Discord"), ("/gone", "404")])
async def test_a_file_that_is_longer_than_told_sent_elsewhere_or_gone_is_refused(path: str, said: str) -> None:
    async def long(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(body=bytes(1024 * 1024 + 1))

    async def away(request: aiohttp.web.Request) -> aiohttp.web.Response:
        raise aiohttp.web.HTTPFound("http://127.0.0.1:9/elsewhere")

    app = aiohttp.web.Application()
    app.add_routes([aiohttp.web.get("/long", long), aiohttp.web.get("/away", away)])
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    base = nextcord.http.Route.BASE
    nextcord.http.Route.BASE = f"http://{host}:{port}/api/v10"
    try:
        with pytest.raises(EchoError, match=said):
            await fetched(Upload(1, "package.zip", 10, f"http://{host}:{port}{path}"), megabytes=1)
    finally:
        nextcord.http.Route.BASE = base
        await runner.cleanup()
