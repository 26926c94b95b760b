"""The files that came with messages and commands, at the addresses that Discord's own servers for files would have."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from echo.sandbox import asked
from echo.sandbox.answers import unknown
from echo.sandbox.context import Context


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """GET a file by its channel, id and name; whoever knows the address may have it, as with Discord's signed ones."""

    async def file(request: web.Request) -> web.Response:
        found = ctx.world.files.get(asked.in_path(request, "attachment_id"))
        if found is None or found.path != request.path:
            raise unknown("File")
        return web.Response(body=found.upload.content, content_type=found.upload.kind or "application/octet-stream")

    for folder in ("attachments", "ephemeral-attachments"):
        yield web.get(f"/{folder}/{{channel_id}}/{{attachment_id}}/{{filename}}", file)
