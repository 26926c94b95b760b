"""COMPOSITION ROOT: with `echo.store`, the only place that names concrete classes. What opens first closes last."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from echo.amending import Amending
from echo.beginning import Beginning
from echo.corpus.pseudonyms import People
from echo.discord.card import Card
from echo.discord.chat import DiscordChat
from echo.discord.client import EchoClient
from echo.discord.collecting.budget import Budget, beside_echoes
from echo.discord.collecting.collection import Manner
from echo.discord.collecting.collector import Collector
from echo.discord.following import Acquaintance, Following
from echo.discord.hearing import Hearing
from echo.discord.notices import Notices, Openings, stays_here
from echo.discord.quizzing import Quizzing
from echo.discord.reporting import Reporting
from echo.discord.speakable import speakable_channels
from echo.discord.telling import Telling
from echo.discord.voice import Voice
from echo.engines.choice import engine_of
from echo.errors import ConfigError
from echo.floor import Floor, Limits
from echo.held_models import HeldModels
from echo.interpreter import Interpreter, Work
from echo.lock import only_one
from echo.operator import ConsoleOperator
from echo.package_imports import PackageImports
from echo.portraits import Portraits
from echo.ports import Engine
from echo.profile_work import ProfileWork
from echo.router import Router
from echo.sandbox.server import Sandbox
from echo.saying import Saying
from echo.scoring import Scoring
from echo.secrets import ensure_master_key
from echo.session_work import SessionWork
from echo.settings import Loaded, Settings
from echo.share import Ceiling
from echo.stopping import stop_gateway, stop_work, until_available
from echo.store import Store, open_store, policy_of
from echo.tasks import Tasks
from echo.upkeep import Upkeep
from echo.work_ends import SessionEnds
from echo.worlds import home_of, world_of
from schedules import maintenance
from schedules.clock import Clock, SystemClock
from schedules.timers import Timers
from states.board import Board, Fault
from states.effects import Effect
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

JOURNAL_SHOWN = 200
"""Lines of earlier runs that the console begins with."""
SANDBOX_TOKEN = "sandbox"
"""What the loopback Discord takes for a bot's token; it guards nothing."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What to serve, from the command line.

    `source` is an export that fills the sandbox, `port` 0 any free port for it. `api_base` is where Discord's API is
    when it is neither the sandbox in this process nor Discord itself (http://.../api/v10).
    """

    sandbox: bool = True
    source: Path | None = None
    headless: bool = True
    port: int = 0
    api_base: str | None = None


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
        stack.enter_context(only_one(home))
        master_key = ensure_master_key(settings.data_dir, loaded.secrets)
        store = await stack.enter_async_context(open_store(home, master_key, clock))
        sandbox = await stack.enter_async_context(_sandbox(settings, serving, clock)) if serving.sandbox else None
        discord = Discord(f"{sandbox.address}/api/v10", SANDBOX_TOKEN) if sandbox else _discord(loaded, serving)
        yield await _run(stack, settings, store, sandbox, discord, clock, engine or engine_of(settings))


async def _run(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    sandbox: Sandbox | None,
    discord: Discord,
    clock: Clock,
    engine: Engine,
) -> Echo:
    """Join the parts, start them, and leave on the stack how they stop."""
    board = Board()
    router = Router(board, store.steps, policy_of(settings), settings.max_active_sessions_per_server, clock)
    hearing = Hearing(board, router.post, clock)
    openings = Openings()
    client = EchoClient(
        requests=router,
        board=board,
        hearing=hearing,
        openings=openings,
        settings=settings,
        clock=clock,
        imports=PackageImports(
            corpus=store.corpus,
            changes=store.changes,
            requests=router,
            board=board,
            settings=settings,
            clock=clock,
            names_of=lambda profile: hearing.names_of(profile),
        ),
        places=store.corpus.places,
        api_base=discord.api_base,
    )
    voice = Voice(client, hearing, board)
    hearing.names_of, client.speaker_of = voice.names_of, voice.is_own
    notices = Notices(client, board, settings, clock, openings)
    chat = DiscordChat(notices, voice)
    tasks = Tasks(lambda where, sentence: board.report(Fault(clock(), where, sentence)))
    portraits = Portraits(store.models, store.corpus, store.wishes, board)
    client.commands.card = client.buttons.card = card = Card(board, portraits)
    client.commands.more["echo card"] = card.run
    client.commands.more["echo report"] = Reporting(board, ZoneInfo(settings.timezone)).run
    ends = SessionEnds(board, router)
    pace_scale = settings.sandbox_pace_scale if sandbox else settings.pace_scale
    budget = Budget(lambda: beside_echoes(len(board.sessions_online())))
    people_of = Acquaintance(client, board, voice.names_of).of
    following = Following(
        client=client,
        board=board,
        corpus=store.corpus,
        changes=store.changes,
        reached=store.reconciliations,
        machines=router,
        share=budget.account(background=True),
        people_of=people_of,
        exclusions=Manner.of(settings).exclusions,
        window=settings.context_messages,
        clock=clock,
        start=tasks.start,
    )
    limits = Limits(settings.max_bot_turns, Ceiling(settings.max_share_of_voice, settings.max_echo_share))
    floor = Floor(board, store.turns, hearing.called, limits, clock)
    scoring = Scoring(board, store.corpus, store.scorecards, store.quizzes, engine, settings, clock)
    quizzing = Quizzing(client, store.quizzes, board, settings, tasks.start, store.wishes.of, scoring.show)
    client.commands.more["echo quiz"], client.buttons.quizzing = quizzing.run, quizzing
    works = _works(settings, store, board, chat, client, scoring, ends, clock, pace_scale, budget, people_of, floor)
    interpreter = Interpreter(board, store.outbox, works, router.post, chat.type_in, tasks, clock)
    ends.work_ended = interpreter.work_ended
    timers = Timers(clock, router.ring)
    router.connect(interpreter, timers)

    stack.push_async_callback(voice.close)
    profiles, sessions = await store.steps.load()
    board.journal.extend(await store.journal.latest(JOURNAL_SHOWN))
    await scoring.load()
    router.adopt([*profiles, *sessions])
    interpreter.perform(tuple(await store.outbox.pending()))

    gateway = asyncio.create_task(client.serve(discord.token), name="gateway")
    stack.push_async_callback(stop_gateway, client, gateway)
    stack.push_async_callback(stop_work, router, interpreter, tasks)
    await until_available(client, gateway)
    stack.callback(timers.stop)
    timers.start()
    upkeep = Upkeep(store.erasure, store.turns, store.database, settings, clock)
    maintenance.schedule(timers, _starting(tasks, upkeep) | {"reconcile": following.compare})
    interpreter.begin()
    router.tell_started()
    tasks.start("catching up", client.catch_up())
    tasks.start("quizzes", quizzing.end_cut())
    following.begin()
    tasks.start("telling", Telling(board, notices, notices.words).run())
    operator = ConsoleOperator(router, clock, functools.partial(speakable_channels, client), board, portraits)
    return Echo(board, router, client, operator, sandbox, gateway, upkeep, settings, clock)


def _works(
    settings: Settings,
    store: Store,
    board: Board,
    chat: DiscordChat,
    client: EchoClient,
    scoring: Scoring,
    ends: SessionEnds,
    clock: Clock,
    pace_scale: float,
    budget: Budget,
    people_of: Callable[[ProfileSnapshot], People],
    floor: Floor,
) -> dict[type[Effect], Work]:
    held_models = HeldModels(board, store.models, scoring.engine.release)
    beginning = Beginning(board, scoring.engine, held_models, settings.openers_per_day, clock)
    session_work = SessionWork(
        board=board,
        chat=chat,
        engine=scoring.engine,
        held_models=held_models,
        generations=store.generations,
        floor=floor,
        consents=store.consents,
        saying=Saying(
            *(board, chat, store.generations, store.outbox, beginning, scoring.engine, held_models, store.wishes, clock)
        ),
        beginning=beginning,
        wishes=store.wishes,
        settings=settings,
        stays=stays_here(settings),
        pace_scale=pace_scale,
        clock=clock,
    )
    profile_work = ProfileWork(
        board=board,
        chat=chat,
        collector=Collector(client, store.corpus, budget, Manner.of(settings), people_of=people_of, clock=clock),
        corpus=store.corpus,
        datasets=store.datasets,
        engine=scoring.engine,
        models=store.models,
        scoring=scoring,
        amending=Amending(
            store.corpus, store.amendments, store.models, scoring.engine, chat, held_models.amended, clock
        ),
        erasure=store.erasure,
        settings=settings,
        clock=clock,
        end_sessions=ends,
        let_go=session_work.let_go,
        collecting=asyncio.Semaphore(settings.collecting_slots),
        training=asyncio.Semaphore(settings.training_slots),
    )
    return {**profile_work.works(), **session_work.works()}


@asynccontextmanager
async def _sandbox(settings: Settings, serving: Serving, clock: Clock) -> AsyncIterator[Sandbox]:
    world = await asyncio.to_thread(world_of, settings.sandbox_seed, serving.source)
    async with Sandbox(world, clock=lambda: clock().timestamp(), port=serving.port, token=SANDBOX_TOKEN) as sandbox:
        yield sandbox


def _discord(loaded: Loaded, serving: Serving) -> Discord:
    if loaded.secrets.token is None:
        raise ConfigError("There is no bot token: set DISCORD_TOKEN, or run echo-bot sandbox to try Echo without one.")
    return Discord(serving.api_base, loaded.secrets.token.get_secret_value())


def _starting(tasks: Tasks, upkeep: Upkeep) -> dict[str, Callable[[], None]]:
    def retention() -> None:
        tasks.start("retention", upkeep.retention())

    def checkpoint() -> None:
        tasks.start("checkpoint", upkeep.checkpoint())

    return {"retention": retention, "checkpoint": checkpoint}
