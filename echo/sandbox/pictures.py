"""The pictures of the sandbox's people, at the addresses that Discord's own server for files would have."""

from __future__ import annotations

import colorsys
import hashlib
import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from aiohttp import web
from PIL import Image, ImageDraw, ImageFont

from echo.sandbox.answers import unknown
from echo.sandbox.context import Context

SIDE: Final = 128
"""Pixels."""


@lru_cache(maxsize=64)
def drawn(named: str, initial: str) -> bytes:
    """A picture of its own for each name: an initial on two colours, as PNG."""
    tint = int(hashlib.blake2b(named.encode(), digest_size=2).hexdigest(), 16) / 65535
    upper, lower = (
        tuple(round(255 * part) for part in colorsys.hls_to_rgb((tint + turn) % 1, light, 0.6))
        for turn, light in ((0.0, 0.62), (0.08, 0.42))
    )
    paper = Image.new("RGB", (SIDE, SIDE), upper)
    draw = ImageDraw.Draw(paper)
    draw.polygon(((0, SIDE), (SIDE, SIDE), (SIDE, SIDE // 3)), fill=lower)
    draw.text((SIDE // 2, SIDE // 2), initial, fill="white", font=ImageFont.load_default(72), anchor="mm")
    held = io.BytesIO()
    paper.save(held, "PNG")
    return held.getvalue()


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """GET somebody's picture, a webhook's, or one of those of who has none."""

    async def of_user(request: web.Request) -> web.Response:
        named = request.match_info["hash"]
        kept = ctx.world.pictures.get(named)
        user = ctx.world.users.get(int(request.match_info["id"]))
        if kept is None and (user is None or named != user.picture):
            raise unknown("File")
        content = kept if kept is not None else drawn(named, user.display_name[:1].upper() if user else "?")
        return web.Response(body=content, content_type="image/png")

    async def of_nobody(request: web.Request) -> web.Response:
        return web.Response(body=drawn(f"nobody {request.match_info['number']}", "?"), content_type="image/png")

    yield web.get("/avatars/{id:[0-9]+}/{hash:[0-9a-f]+}.png", of_user)
    yield web.get("/embed/avatars/{number:[0-9]+}.png", of_nobody)
