"""What every route of the sandbox works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from echo.sandbox.faults import Faults
from echo.sandbox.gateway import Gateway
from echo.sandbox.interactions import InteractionHub
from echo.sandbox.ratelimits import RateLimits
from echo.sandbox.world import World

Clock = Callable[[], float]
"""Gives the time in seconds since the epoch, UTC."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Context:
    """The parts of one running sandbox. `token` is the bot's; `limits` is None where rate limits are off."""

    world: World
    gateway: Gateway
    interactions: InteractionHub
    clock: Clock
    faults: Faults
    token: str
    limits: RateLimits | None


Routes = Callable[[Context], Iterable[web.RouteDef]]
"""What each module of routes offers. Paths are Discord's without `/api/v10`, or begin with `/sandbox/`."""
