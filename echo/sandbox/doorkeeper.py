"""What every request to the sandbox passes on its way: no page of a browser may send it; and to its REST, faults, the
token, rate limits, the words of refusals."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from echo.sandbox.answers import Refusal, answer
from echo.sandbox.context import Context, Handler
from echo.sandbox.ratelimits import Standing, headers, refusal

API = "/api/v10"
FILES = ("/attachments/", "/ephemeral-attachments/", "/avatars/", "/embed/")
"""Beginnings of the paths of files: Discord serves them elsewhere, without a token and without rate limits."""
Recorder = Callable[[str, str, Mapping[str, str], Any, int, Any], None]
"""Called with the method, the route's template (`/channels/{channel_id}/messages`), the query, the request's JSON,
the status and the answer's JSON; None stands for no JSON."""

UNKNOWN_ROUTE = "(unknown)"
_TOKENLESS = re.compile(r"/(?:webhooks/\d+/[^/]+|interactions/\d+/[^/]+/callback|gateway$)")
"""Paths that need no bot's token: they carry a secret of their own, or are open to all."""
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
STRANGER: Final = {"error": "Only programs on this computer may use the sandbox: ask for it at http://127.0.0.1."}
FAULT_DELAY = 0.05
"""Seconds that a 429 made by a fault asks to wait."""


def middlewares(ctx: Context, record: Recorder | None) -> list[Any]:
    """The doorkeepers, outermost first."""

    @web.middleware
    async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_of_a_stranger(request):
            return answer(STRANGER, 403)
        if not request.path.startswith((f"{API}/", *FILES)):
            return await handler(request)
        if ctx.faults.slow and ctx.faults.hit(request.path):
            await asyncio.sleep(ctx.faults.slow)
        if ctx.faults.take("silent", request.path):
            return await _never(ctx, request)
        if ctx.faults.take("held", request.path):
            await ctx.faults.silence()
        response = await _worded(ctx, request, handler)
        if record is not None and request.path.startswith(API):
            await _record(record, request, response)
        return await _spoilt(ctx, request, response)

    return [outermost]


def _is_of_a_stranger(request: web.Request) -> bool:
    """Whether a web page sent it: a browser of this computer reaches the sandbox for any page that asks.

    It tells a page's origin with what it sends for it elsewhere; a page that had its own name lead here (DNS
    rebinding) gives that name as the host.
    """
    addresses = [f"http://{request.host}", *request.headers.getall("Origin", ())]
    return any(_host(address) not in LOOPBACK for address in addresses)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def _worded(ctx: Context, request: web.Request, handler: Handler) -> web.StreamResponse:
    """The answer, or the refusal in Discord's words."""
    limits: dict[str, str] = {}
    try:
        limits = _admit(ctx, request)
        response = await handler(request)
    except _Limited as limited:
        return answer(refusal(limited.standing), 429, headers(limited.standing, ctx.clock()))
    except Refusal as refused:
        response = answer(refused.payload, refused.status)
    except web.HTTPException as refused:
        response = answer({"message": f"{refused.status}: {refused.reason}", "code": 0}, refused.status)
    response.headers.update(limits)
    return response


class _Limited(Exception):
    """One request too many."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("too many requests")
        self.standing = standing


def _admit(ctx: Context, request: web.Request) -> dict[str, str]:
    """The rate-limit headers of the answer. Raises `Refusal` or `_Limited` for who may not pass."""
    faults = ctx.faults
    if faults.take("rate_limit", request.path):
        wait = FAULT_DELAY if faults.retry_after is None else faults.retry_after
        raise _Limited(Standing("fault", 1, 0, wait, allowed=False, scope=faults.rate_limit_scope))
    if faults.take("errors", request.path):
        raise Refusal(ctx.faults.status, 0, f"{ctx.faults.status}: a fault was asked for")
    if request.path.startswith(FILES):
        return {}
    path = request.path.removeprefix(API)
    if not _TOKENLESS.match(path) and request.headers.get("Authorization") != f"Bot {ctx.token}":
        raise Refusal(401, 0, "401: Unauthorized")
    if ctx.limits is None or template(request) == UNKNOWN_ROUTE:
        return {}
    major = "/".join(request.match_info.get(name, "") for name in _MAJOR)
    standing = ctx.limits.take(request.method, template(request), major)
    if standing is None:
        return {}
    if not standing.allowed:
        raise _Limited(standing)
    return headers(standing, ctx.clock())


async def _never(ctx: Context, request: web.Request) -> web.StreamResponse:
    """Says nothing until the faults are cleared, and then hangs up."""
    await ctx.faults.silence()
    _hang_up(request)
    return web.Response(status=503)


async def _spoilt(ctx: Context, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """The answer, or what a fault leaves of it on its way; what was asked for is done all the same."""
    body = response.body if isinstance(response, web.Response) else None
    whole = body if isinstance(body, bytes) else b""
    if ctx.faults.take("reset", request.path):
        cut = web.StreamResponse(status=response.status, headers=response.headers)
        cut.content_length = len(whole)
        await cut.prepare(request)
        await cut.write(whole[: len(whole) // 2])
        _hang_up(request)
        return cut
    if whole and ctx.faults.take("malformed", request.path):
        kept = {name: value for name, value in response.headers.items() if name != "Content-Length"}
        return web.Response(body=whole[: (len(whole) + 1) // 2], status=response.status, headers=kept)
    return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def template(request: web.Request) -> str:
    """The request's route as Discord's OpenAPI writes it; `UNKNOWN_ROUTE` where there is none."""
    resource = request.match_info.route.resource
    return UNKNOWN_ROUTE if resource is None else resource.canonical.removeprefix(API)


async def _record(record: Recorder, request: web.Request, response: web.StreamResponse) -> None:
    sent = None
    if request.content_type == "application/json":
        sent = _json(await request.read())
    elif request.content_type == "multipart/form-data":
        sent = _json(str((await request.post()).get("payload_json")).encode())
    body = response.body if isinstance(response, web.Response) else None
    answered = _json(body) if isinstance(body, bytes) else None
    record(request.method, template(request), dict(request.query), sent, response.status, answered)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
