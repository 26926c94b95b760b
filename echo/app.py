"""COMPOSITION ROOT: with `echo.parts` and `echo.store` all that names concrete classes. First opened, last closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from echo.discord.client import EchoClient
from echo.discord.notices import stays_here
from echo.discord.telling import Telling
from echo.errors import ConfigError
from echo.exporting import Exporting
from echo.lock import keys_shared, only_one
from echo.operator import ConsoleOperator
from echo.outdated import tell_outdated
from echo.parts import Parts
from echo.ports import Engine
from echo.rotating import settle
from echo.router import Router
from echo.sandbox.server import Sandbox
from echo.secrets import ensure_master_key
from echo.session_work import Pace
from echo.settings import Loaded, Settings
from echo.stopping import stop_gateway, stop_work, until_available
from echo.store import open_store
from echo.tasks import Tasks
from echo.training.disk import sweep
from echo.upkeep import Upkeep
from echo.worlds import home_of, world_of
from schedules import maintenance
from schedules.clock import Clock, SystemClock
from states.board import Board

log = logging.getLogger(__name__)

JOURNAL_SHOWN = 200
"""Lines of earlier runs that the console begins with."""
SANDBOX_TOKEN = "sandbox"
"""What the loopback Discord takes for a bot's token; it guards nothing."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What to serve, from the command line.

    `source` is an export that fills the sandbox, `port` 0 any free port for it. `api_base` is where Discord's API is
    when it is neither the sandbox in this process nor Discord itself (http://.../api/v10). `rate_limits` False has the
    sandbox count no requests, for a clock moved by hand: what is said within hours comes within a second.
    """

    sandbox: bool = True
    source: Path | None = None
    headless: bool = True
    port: int = 0
    api_base: str | None = None
    rate_limits: bool = True


@dataclass(frozen=True, slots=True)
class Echo:
    """A running Echo, for the console, the commands' edge and the tests to hold."""

    board: Board
    router: Router
    client: EchoClient
    operator: ConsoleOperator
    sandbox: Sandbox | None
    gateway: asyncio.Task[None]
    upkeep: Upkeep
    exporting: Exporting
    settings: Settings
    clock: Clock


@dataclass(frozen=True, slots=True)
class Discord:
    """Where Discord's API is (None: at Discord) and the bot's token there."""

    api_base: str | None
    token: str = field(repr=False)


@asynccontextmanager
async def open_echo(
    loaded: Loaded, serving: Serving, clock: Clock | None = None, engine: Engine | None = None
) -> AsyncIterator[Echo]:
    """A whole Echo: connected, its commands registered, its machines where their last recorded step left them.

    `engine` is what learns and speaks; None: the one that the settings name.
    Raises EchoError: AlreadyRunning, ConfigError, ServiceUnavailable and what reading an export may raise.
    """
    clock = clock or SystemClock()
    settings = loaded.settings
    home = home_of(settings, serving.sandbox, serving.source)
    async with AsyncExitStack() as stack:
        if told := settle(settings.data_dir, loaded.secrets, clock()):
            log.warning("%s", told)
        with keys_shared(settings.data_dir):
            stack.enter_context(only_one(home))
            master_key = ensure_master_key(settings.data_dir, loaded.secrets)
            store = await stack.enter_async_context(open_store(home, master_key, clock))
        sandbox = await stack.enter_async_context(_sandbox(settings, serving, clock)) if serving.sandbox else None
        discord = Discord(f"{sandbox.address}/api/v10", SANDBOX_TOKEN) if sandbox else _discord(loaded, serving)
        pace = Pace(settings.pace_scale, settings.max_delay)
        if sandbox:
            # Nobody who tries Echo wants to wait as long as people do.
            scale = settings.sandbox_pace_scale
            pace = Pace(scale, settings.max_delay * min(1.0, scale))
        parts = Parts(settings, store, engine, discord.api_base, pace, clock)
        yield await _run(stack, parts, sandbox, discord)


async def _run(stack: AsyncExitStack, parts: Parts, sandbox: Sandbox | None, discord: Discord) -> Echo:
    """Start the parts, and leave on the stack how they stop."""
    board, store, client, tasks = parts.board, parts.store, parts.client, parts.tasks
    stack.push_async_callback(parts.reports.close)
    stack.push_async_callback(parts.voice.close)
    # Weights that were being put together when Echo was killed.
    await asyncio.to_thread(sweep, store.home)
    profiles, sessions = await store.steps.load()
    board.journal.extend(await store.journal.latest(JOURNAL_SHOWN))
    await parts.scoring.load()
    await parts.reacting.show_all()
    for server_id, base in (await store.bases.every()).items():
        board.choose_base(server_id, base)
    await parts.governing.halting.load()
    parts.router.adopt([*profiles, *sessions])
    parts.interpreter.perform(tuple(await store.outbox.pending()))

    gateway = asyncio.create_task(client.serve(discord.token), name="gateway")
    stack.push_async_callback(stop_gateway, client, gateway)
    stack.push_async_callback(stop_work, parts.router, parts.interpreter, tasks)
    await until_available(client, gateway)
    stack.callback(parts.timers.stop)
    parts.timers.start()
    upkeep = Upkeep(store.retention, store.database, parts.settings, parts.clock, parts.router.resting)
    maintenance.schedule(parts.timers, _starting(tasks, upkeep, parts))
    stays = stays_here(parts.settings)
    await tell_outdated(board, store.consents, parts.settings, stays, parts.router.post, parts.clock)
    parts.interpreter.begin()
    parts.router.tell_started()
    tasks.start("catching up", client.catch_up())
    tasks.start("receipts", parts.delivering.run())
    tasks.start("quizzes", parts.quizzing.end_cut())
    parts.following.begin()
    tasks.start("hiding", parts.hider.finish())
    tasks.start("bases", parts.bases.run())
    tasks.start("measurements", parts.reports.run())
    tasks.start("telling", Telling(board, parts.notices, parts.notices.words).run())
    made = (board, parts.router, client, parts.operator, sandbox, gateway, upkeep, parts.exporting)
    return Echo(*made, parts.settings, parts.clock)


@asynccontextmanager
async def _sandbox(settings: Settings, serving: Serving, clock: Clock) -> AsyncIterator[Sandbox]:
    world = await asyncio.to_thread(world_of, settings.sandbox_seed, serving.source)
    sandbox = Sandbox(
        world,
        clock=lambda: clock().timestamp(),
        port=serving.port,
        token=SANDBOX_TOKEN,
        rate_limits=serving.rate_limits,
    )
    async with sandbox:
        yield sandbox


def _discord(loaded: Loaded, serving: Serving) -> Discord:
    if loaded.secrets.token is None:
        raise ConfigError("There is no bot token: set DISCORD_TOKEN, or run echo-bot sandbox to try Echo without one.")
    return Discord(serving.api_base, loaded.secrets.token.get_secret_value())


def _starting(tasks: Tasks, upkeep: Upkeep, parts: Parts) -> dict[str, Callable[[], None]]:
    def retention() -> None:
        tasks.start("retention", upkeep.retention())

    def checkpoint() -> None:
        tasks.start("checkpoint", upkeep.checkpoint())
        tasks.start("audit", parts.store.keep_head())

    def bases() -> None:
        tasks.start("bases", parts.bases.refresh())

    def letters() -> None:
        tasks.start("exports", parts.exporting.clean())
        tasks.start("receipts", parts.delivering.run())

    def failures() -> None:
        parts.board.report_overdue(parts.clock())
        tasks.start("failures", parts.notices.tell_overdue())

    return {
        "retention": retention,
        "checkpoint": checkpoint,
        "reconcile": parts.following.compare,
        "bases": bases,
        "letters": letters,
        "failures": failures,
    }
