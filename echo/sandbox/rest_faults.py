"""`/sandbox/faults`: making things go wrong from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aiohttp import web

from echo.errors import UsageError
from echo.sandbox.answers import answer
from echo.sandbox.context import Context


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """GET tells what is set, POST sets it; a wrong wish is answered by 400 and `{"error": "<one sentence>"}`."""

    async def shown(_: web.Request) -> web.Response:
        return answer(ctx.faults.shown())

    async def wanted(request: web.Request) -> web.Response:
        try:
            given = json.loads(await request.text() or "{}")
        except (ValueError, RecursionError):
            return answer({"error": "The body must be a JSON object of faults."}, 400)
        if not isinstance(given, dict):
            return answer({"error": "The body must be a JSON object of faults."}, 400)
        try:
            ctx.faults.set(given)
        except UsageError as wrong:
            return answer({"error": str(wrong)}, 400)
        return answer(ctx.faults.shown())

    return web.get("/sandbox/faults", shown), web.post("/sandbox/faults", wanted)
