"""The sandbox: a loopback Discord (REST and gateway, v10) with a server of its own, on 127.0.0.1 and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType

from aiohttp import web

from echo.errors import UsageError
from echo.sandbox import (
    command_routes,
    interaction_routes,
    people_api,
    pictures,
    rest_channels,
    rest_faults,
    rest_files,
    rest_guilds,
    rest_messages,
    rest_reactions,
    rest_search,
    rest_threads,
    rest_users,
    rest_webhooks,
    upkeep_api,
)
from echo.sandbox.answers import LONGEST_BODY
from echo.sandbox.context import Clock, Context, Routes
from echo.sandbox.doorkeeper import API, FILES, Recorder, middlewares
from echo.sandbox.faults import Faults
from echo.sandbox.gateway import HEARTBEAT_INTERVAL, Gateway
from echo.sandbox.intents import PRIVILEGED
from echo.sandbox.interactions import DEADLINE, InteractionHub
from echo.sandbox.people import People
from echo.sandbox.ratelimits import RateLimits
from echo.sandbox.world import World

HOST = "127.0.0.1"
GATEWAY_PATH = "/gateway"
PATIENCE = 0.5
"""Seconds that requests in progress get to end when the sandbox closes."""

ROUTES: tuple[Routes, ...] = (
    # Before the webhooks: an interaction's answers come to the same paths, with the application's id.
    interaction_routes.routes,
    command_routes.routes,
    people_api.routes,
    upkeep_api.routes,
    pictures.routes,
    rest_messages.routes,
    rest_reactions.routes,
    rest_channels.routes,
    rest_threads.routes,
    rest_guilds.routes,
    rest_search.routes,
    rest_users.routes,
    rest_webhooks.routes,
    rest_faults.routes,
    rest_files.routes,
)


class Sandbox:
    """One loopback Discord, open between `async with` and its end.

    `token` is the bot's. `clock` gives the time that new ids and time stamps carry (seconds since the epoch, UTC).
    `port` 0 takes any free one. `granted` are the privileged intents that the application has. `record` is called
    with each request to Discord's API and its answer. `limits` replaces the rate limits, which `rate_limits=False`
    turns off. `interaction_deadline` is how many seconds the bot has for its first answer.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: Clock,
        port: int = 0,
        token: str = "sandbox",
        rate_limits: bool = True,
        limits: RateLimits | None = None,
        record: Recorder | None = None,
        granted: int = PRIVILEGED,
        heartbeat_interval: float = HEARTBEAT_INTERVAL,
        interaction_deadline: float = DEADLINE,
    ) -> None:
        self.world = world
        self.faults = Faults()
        self.address = ""
        self.gateway = Gateway(world, self.faults, token, granted=granted, heartbeat_interval=heartbeat_interval)
        self.interactions = InteractionHub(world, self.gateway.send, clock, deadline=interaction_deadline)
        self.people = People(world, self.interactions, clock)
        self._port = port
        self._record = record
        self._ctx = Context(
            world=world,
            gateway=self.gateway,
            interactions=self.interactions,
            clock=clock,
            faults=self.faults,
            token=token,
            limits=(limits or RateLimits(time.monotonic)) if rate_limits else None,
        )
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Sandbox:
        """Opens the port. Raises `UsageError` if it is taken."""
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=PATIENCE)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self._port).start()
        except OSError:
            await runner.cleanup()
            raise UsageError(f"Port {self._port} of {HOST} is taken: choose another, or 0 for any free one.") from None
        self._runner = runner
        place = f"{HOST}:{runner.addresses[0][1]}"
        self.address = self.world.address = f"http://{place}"
        self.gateway.address = f"ws://{place}{GATEWAY_PATH}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.interactions.close()
        # Requests that a fault leaves without an answer would hold the close up.
        self.faults.clear()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=middlewares(self._ctx, self._record), client_max_size=LONGEST_BODY)
        application.router.add_get(GATEWAY_PATH, self.gateway.connect)
        for routes in ROUTES:
            application.router.add_routes(placed(routes(self._ctx)))
        return application


def placed(routes: Iterable[web.RouteDef]) -> Iterable[web.RouteDef]:
    """Routes where clients look for them: Discord's under its API's path, the sandbox's own as they are."""
    for route in routes:
        path = route.path if route.path.startswith(("/sandbox/", *FILES)) else API + route.path
        yield web.RouteDef(route.method, path, route.handler, route.kwargs)
