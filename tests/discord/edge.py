"""Echo's incoming edge at a sandbox: the real client, router, database and notices; what a profile asks for besides
the question and its notices is given back by the test itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nextcord.http

from db.audit import Audit
from db.changes import Changes
from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.feedback import Feedback
from db.generations import Generations
from db.keys import Keyring
from db.memories import Memories
from db.models import Models
from db.outbox import Outbox, OutboxRow
from db.quizzes import Quizzes
from db.servers import Servers
from db.wishes import WishBook
from echo.corpus.written import Written
from echo.discord.card import Card
from echo.discord.client import EchoClient
from echo.discord.halting import Halting
from echo.discord.hearing import Hearing
from echo.discord.late import teller
from echo.discord.letters import Letters
from echo.discord.notices import Notices
from echo.discord.openings import Openings
from echo.discord.quizzing import Quizzing
from echo.discord.reacting import Reacting
from echo.discord.reported import Reach, Reported
from echo.discord.reporting import Reporting
from echo.discord.silencing import Silencing
from echo.discord.trusting import Trusting
from echo.discord.voice import Voice
from echo.interpreter import Interpreter
from echo.package_imports import PackageImports
from echo.portraits import Portraits
from echo.router import Router
from echo.sandbox.people import People
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from echo.setting_values import listed
from echo.settings import Settings
from echo.tasks import Tasks
from schedules.timers import Timers
from states import effects as do
from states import events as ev
from states.board import Board, Fault
from states.decide import Step
from states.model import ProfileSnapshot, SessionSnapshot, Snapshot
from states.policy import Policy
from tests.support.clock import HandClock
from tests.support.loopback import Described
from tests.support.stored_steps import steps_of

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
PATIENCE = 60.0
"""Seconds after which a test that waits for a fact is given up."""


def small_world() -> World:
    """Ada (who owns the server), Bo and Cy Day in two channels; #general has a thread."""
    start = NOON.timestamp() - 40 * 86400
    lines = [Written(("Ada", "Bo", "Cy Day")[i % 3], "general", start + 60 * i, f"line {i}") for i in range(12)]
    lines.append(Written("Bo", "random", start + 9000, "anyone?"))
    lines.append(Written("Ada", "plans", NOON.timestamp() - 3600, "a thread of its own", parent="general"))
    return World.populate(7, "Somewhere", lines, manager="Ada")


@dataclass(slots=True)
class Edge:
    """Everything that a test of the edge looks at. `requests` are method and route of all that went over REST."""

    sandbox: Sandbox
    world: World
    people: People
    client: EchoClient
    board: Board
    router: Router
    hearing: Hearing
    notices: Notices
    database: Database
    clock: HandClock
    requests: list[tuple[str, str]]
    corpus: Corpus
    quizzes: Quizzes
    wishes: WishBook
    counted: list[int]
    feedback: Feedback
    generations: Generations
    models: Models

    async def until(self, fact: Callable[[], Any]) -> Any:
        """Return what `fact` gives once that is true."""
        news = asyncio.Event()
        stops = [self.board.watch(news.set), self.people.subscribe(lambda _: news.set())]
        try:
            async with asyncio.timeout(PATIENCE):
                while not (found := fact()):
                    await news.wait()
                    news.clear()
                return found
        finally:
            for stop in stops:
                stop()

    async def command(self, author: str, name: str, channel: str = "general", **options: object) -> dict[str, Any]:
        """The one response to a command."""
        responses = (await self.people.command(author, channel, name, options))["responses"]
        assert len(responses) == 1, responses
        found: dict[str, Any] = responses[0]
        return found

    async def refused(self, author: str, name: str, channel: str = "general", **options: object) -> str:
        """The one ephemeral sentence with which a command is refused."""
        said = await self.command(author, name, channel, **options)
        assert said["ephemeral"] and not said["components"], said
        return str(said["content"])

    async def press(self, author: str, message: Mapping[str, Any], label: str) -> dict[str, Any]:
        """The one response to a button."""
        responses = (await self.people.press(author, message["message_id"], label))["responses"]
        assert len(responses) == 1, responses
        found: dict[str, Any] = responses[0]
        return found

    async def agree(self, subject: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """Have the subject agree to what they are shown; the response to their yes. A manager allows it, if need be."""
        said = await self.press(subject, await self.press(subject, question, "I agree"), "I agree to this")
        if not self.profile(subject).approved:
            await self.give(self.profile(subject).id, ev.ApprovalGiven(self.clock(), self.id_of("Ada")))
        return said

    def id_of(self, name: str) -> int:
        """A person's id."""
        found = self.world.find_user(name)
        assert found is not None
        return found.id

    def channel(self, name: str) -> int:
        """A channel's id."""
        found = self.world.find_channel(name)
        assert found is not None
        return found.id

    def profile(self, name: str) -> ProfileSnapshot:
        """The newest profile of a person."""
        found = [p for p in self.board.profiles.values() if p.user_id == self.id_of(name)]
        return max(found, key=lambda profile: profile.id)

    async def asked(self, subject: str = "Bo", author: str = "Ada") -> dict[str, Any]:
        """An open question, as it stands in the channel."""
        question = await self.command(author, "echo create", user=f"@{subject}", before="01.06.2026")
        await self.until(lambda: self.profile(subject).consent_message_id)
        return question

    async def ready(self, subject: str = "Bo", messages: int = 1204) -> ProfileSnapshot:
        """A profile that is ready, by way of everything that leads there."""
        await self.agree(subject, await self.asked(subject, subject))
        key = self.profile(subject).key
        await self.give(key.id, ev.CollectionFinished(self.clock(), messages, 50))
        await self.give(key.id, ev.TrainingFinished(self.clock(), "models/1", 1, messages, 0.5))
        return self.profile(subject)

    async def give(self, profile_id: int, event: ev.Event) -> Step:
        """Give a profile an event that it must take."""
        outcome = await self.router.ask(self.board.profiles[profile_id].key, event)
        assert isinstance(outcome, Step), outcome
        return outcome

    def session(self, profile: ProfileSnapshot) -> SessionSnapshot:
        """The profile's one session."""
        [found] = [s for s in self.board.sessions.values() if s.profile_id == profile.id]
        return found

    def standing(self, message_id: object, channel: str = "general") -> dict[str, Any]:
        """A message as it stands now."""
        found: dict[str, Any] = next(m for m in self.people.messages(channel) if str(m["id"]) == str(message_id))
        return found


def _works(notices: Notices, board: Board, clock: HandClock) -> dict[type[do.Effect], Any]:
    async def ask(row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        assert isinstance(snapshot, ProfileSnapshot) and isinstance(row.effect, do.AskConsent)
        return ev.ConsentPosted(clock(), await notices.ask_consent(snapshot, f"ask-{row.id}", row.effect.standing))

    async def tell(row: OutboxRow, snapshot: Snapshot) -> None:
        assert isinstance(row.effect, do.Announce)
        await notices.announce(board.profiles[row.key.id], row.effect.notice, f"tell-{row.id}")

    async def disclose(row: OutboxRow, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, SessionSnapshot)
        await notices.disclose(snapshot, board.profiles[snapshot.profile_id], f"on-{row.id}")

    async def forget(row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        return ev.EverythingForgotten(clock(), 0)

    async def leave(row: OutboxRow, snapshot: Snapshot) -> None:
        """The test itself gives back what comes of it."""

    works: dict[type[do.Effect], Any] = dict.fromkeys(do.QUEUED, leave)
    return works | {do.AskConsent: ask, do.Announce: tell, do.Disclose: disclose, do.Forget: forget}


async def shown_anywhere(profile: ProfileSnapshot, version: int, channel_id: int) -> bool:
    """All that an echo learnt from can be read by everybody."""
    return True


def join_quizzing(client: EchoClient, quizzing: Quizzing) -> None:
    """Have a client's quizzes be these, of echoes that have learnt from what everybody can read."""
    quizzing.may_show = shown_anywhere
    client.commands.more["echo quiz"], client.buttons.quizzing = quizzing.run, quizzing


@asynccontextmanager
async def edge_at(
    folder: Path,
    world: World | None = None,
    *,
    settings: Settings | None = None,
    router_of: type[Router] = Router,
    expected_faults: int = 0,
    **options: Any,
) -> AsyncIterator[Edge]:
    """The edge, connected; the database in `folder` may be that of an edge before it. `options` are the sandbox's.

    At the end, all that went over REST must fit Discord's description, where that is at hand.
    """
    clock, described = HandClock(NOON), Described()
    requests: list[tuple[str, str]] = []

    def record(method: str, route: str, *exchanged: Any) -> None:
        requests.append((method, route))
        described(method, route, *exchanged)

    settings = settings or Settings(data_dir=folder, guild_ready_timeout=0.05)
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(
            Sandbox(world or small_world(), clock=clock.timestamp, rate_limits=False, record=record, **options)
        )
        database = await stack.enter_async_context(Database(folder / "echo.db"))
        board, steps = Board(), steps_of(database)
        router = router_of(board, steps, Policy(), settings.max_active_sessions_per_server, clock)
        hearing, openings = Hearing(board, router.post, clock), Openings()
        base = nextcord.http.Route.BASE
        stack.callback(lambda: setattr(nextcord.http.Route, "BASE", base))
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        corpus = Corpus(database, keyring, clock)
        imports = PackageImports(
            *(corpus, Changes(database), router, board, settings, clock), hearing.names_of, router.terms
        )
        base_url = f"{sandbox.address}/api/v10"
        client = EchoClient(router, board, hearing, clock, settings, openings, imports, corpus.places, base_url)
        notices = Notices(client, board, settings, clock, openings)
        tasks = Tasks(lambda where, sentence: board.report(Fault(clock(), where, sentence)))
        timers = Timers(clock, router.ring)
        quizzes = Quizzes(database, keyring, clock)
        wishes, counted = WishBook(database, keyring, clock), list[int]()

        async def count(profile_id: int) -> None:
            counted.append(profile_id)

        quizzing = Quizzing(client, quizzes, board, settings, tasks.start, wishes.of, count)
        join_quizzing(client, quizzing)

        models = Models(database, keyring, folder)
        client.commands.card = client.buttons.card = card = Card(board, Portraits(models, corpus, wishes, board))
        client.commands.more["echo card"] = card.run

        halting = Halting(board, router.post, Servers(database, clock), Audit(database, keyring, clock), clock)
        await halting.load()
        client.interactions.tell_late = teller(client, Letters(client))
        silencing = Silencing(client, board, halting, settings.halt_word, tasks.start)
        client.commands.more |= {"echo halt": silencing.halt, "echo resume": silencing.resume}
        client.commands.more["echo trust"], client.overhear = Trusting(halting).run, silencing.hear
        voice, letters = Voice(client, hearing, board), Letters(client)
        stack.push_async_callback(voice.close)
        feedback, generations = Feedback(database, keyring, clock), Generations(database, keyring)
        audit = Audit(database, keyring, clock)
        await keyring.house()
        kept = (feedback, generations, Memories(database, keyring, clock), Consents(database, keyring), audit)
        zone = ZoneInfo("UTC")
        reacting = Reacting(
            client, board, voice, notices, letters, kept, zone, tasks.start, clock, lambda server_id, user_id: False
        )

        style = Reporting(board, ZoneInfo("UTC")).run
        by = Reach(letters, notices, frozenset(int(one) for one in listed(settings.report_channels)))
        Reported(client, board, router, by, reacting, (feedback, audit), style, clock)

        async def type_in(channel_id: int) -> None:
            """Nobody is seen typing here."""

        works = _works(notices, board, clock)
        interpreter = Interpreter(board, Outbox(database), works, router.post, type_in, tasks, clock)
        router.connect(interpreter, timers)
        profiles, sessions = await steps.load()
        router.adopt([*profiles, *sessions])
        interpreter.perform(tuple(await Outbox(database).pending()))
        interpreter.begin()
        stack.push_async_callback(router.close, 1.0)
        stack.push_async_callback(tasks.end, 1.0)
        serving = asyncio.create_task(client.serve("sandbox"))
        stack.push_async_callback(_closed, client, serving)
        async with asyncio.timeout(PATIENCE):
            await client.wait_available()
        tasks.start("quizzes", quizzing.end_cut())
        world, people, stored = (
            sandbox.world,
            sandbox.people,
            (corpus, quizzes, wishes, counted, feedback, generations, models),
        )
        yield Edge(sandbox, world, people, client, board, router, hearing, notices, database, clock, requests, *stored)
        await router.settled()
        assert len(board.faults) == expected_faults, board.faults
    assert described.faults == []


async def _closed(client: EchoClient, serving: asyncio.Task[None]) -> None:
    await client.close()
    await asyncio.wait((serving,))
