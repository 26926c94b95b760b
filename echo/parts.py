"""The parts that a running Echo is made of, joined with one another. Nothing runs yet; `echo.app` starts them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from echo.amending import Amending
from echo.base_watch import BaseWatch
from echo.beginning import Beginning
from echo.choosing import Choosing, Shelf
from echo.disclosing import Disclosing
from echo.discord.card import Card
from echo.discord.chat import DiscordChat
from echo.discord.client import EchoClient
from echo.discord.collecting.budget import Budget, beside_echoes
from echo.discord.collecting.collection import Manner
from echo.discord.collecting.collector import Collector
from echo.discord.following import Acquaintance, Following
from echo.discord.hearing import Hearing
from echo.discord.hiding import Hider
from echo.discord.known_places import KnownPlaces
from echo.discord.letters import Letters
from echo.discord.listeners import Listeners
from echo.discord.notices import Notices, stays_here
from echo.discord.openings import Openings
from echo.discord.presence import Presence
from echo.discord.privacy import Privacy
from echo.discord.quizzing import Quizzing
from echo.discord.speakable import speakable_channels
from echo.discord.taking_down import TakingDown
from echo.discord.veil import Veil
from echo.discord.voice import Voice
from echo.engine_reports import EngineReports
from echo.engines.choice import engine_of
from echo.erasing import Delivering, Erasing
from echo.exporting import Exporting
from echo.fine_tuning_choice import fine_tuning_of
from echo.floor import Floor, Limits
from echo.governing import govern
from echo.held_models import HeldModels
from echo.interpreter import Interpreter
from echo.keeping_to_terms import KeepingToTerms
from echo.last_look import LastLook
from echo.operator import ConsoleOperator
from echo.package_imports import PackageImports
from echo.portraits import Portraits
from echo.ports import Engine
from echo.profile_work import ProfileWork
from echo.reach import Reach
from echo.reacting_parts import reacting_of, reported_of
from echo.recall import Recall
from echo.remembering import Remembering
from echo.router import Router
from echo.saying import Saying
from echo.scoring import Scoring
from echo.session_work import Pace, SessionWork
from echo.settings import Settings
from echo.share import Ceiling
from echo.store import Store, policy_of
from echo.tasks import Tasks
from echo.versions import Versions
from echo.work_ends import SessionEnds
from schedules.clock import Clock
from schedules.timers import Timers
from states.board import Board, Fault


class Parts:
    """One Echo's parts, as attributes. Made in the order in which they need one another."""

    def __init__(
        self, settings: Settings, store: Store, engine: Engine | None, api_base: str | None, pace: Pace, clock: Clock
    ) -> None:
        """`engine` is what learns and speaks, None the one that the settings name; `api_base` is where Discord's API is
        when it is not at Discord; `pace` that of the echoes."""
        self.settings, self.store, self.clock, self.pace = settings, store, clock, pace
        self.board = Board()
        self.reports = EngineReports(self.board, store.measures, clock)
        self.engine = engine or engine_of(settings, self.reports, clock)
        self.router = Router(
            self.board, store.steps, policy_of(settings), settings.max_active_sessions_per_server, clock
        )
        self.tasks = Tasks(lambda where, sentence: self.board.report(Fault(clock(), where, sentence)))
        self.reach = Reach(store.consents, stays_here(settings))
        self.bases = BaseWatch(self.board, self.engine)
        self.router.coming_online = self.bases.coming
        self.terms = self.router.terms
        self.terms.zone = ZoneInfo(settings.timezone)
        self._join_edge(api_base)
        self._join_following()
        self._join_hiding()
        self.governing = govern(self.client, self.router, store, settings, self.letters, self.tasks.start, clock)
        self._join_portraits()
        self._join_sessions()
        self._join_machines()
        choosing = Choosing(self.board, self.router, store.bases, shelf_of(settings), clock)
        channels = functools.partial(speakable_channels, self.client)
        self.operator = ConsoleOperator(
            *(self.router, clock, channels, self.board, self.portraits, choosing, self.governing.halting),
            self.store.account,
        )

    def _join_edge(self, api_base: str | None) -> None:
        """What hears and speaks on Discord."""
        self.hearing = Hearing(self.board, self.router.post, self.clock)
        self.veil = Veil(self.store.unseen, self.board.has_profile_of)
        openings = Openings()
        self.client = EchoClient(
            requests=self.router,
            board=self.board,
            hearing=self.hearing,
            openings=openings,
            settings=self.settings,
            clock=self.clock,
            imports=PackageImports(
                *(self.store.corpus, self.store.changes, self.router, self.board, self.settings, self.clock),
                names_of=lambda profile: self.hearing.names_of(profile),
                terms=self.terms,
                unseen_in=self.veil.here,
                account=self.store.account,
            ),
            places=self.store.corpus.places,
            api_base=api_base,
        )
        self.terms.place_of = self.places = KnownPlaces(self.client)
        self.client.veil = self.veil
        self.voice = Voice(self.client, self.hearing, self.board, self.veil)
        self.hearing.names_of, self.client.speaker_of = self.voice.names_of, self.voice.is_own
        self.letters = Letters(self.client)
        self.presence = Presence(self.client, self.board, self.router.post, self.clock)
        self.notices = Notices(self.client, self.board, self.settings, self.clock, openings)
        self.chat = DiscordChat(self.notices, self.voice, self.letters)

    def _join_following(self) -> None:
        """What reads, and what keeps up with Discord; both share one budget of requests."""
        self.budget = Budget(lambda: beside_echoes(len(self.board.sessions_online())))
        self.people_of = Acquaintance(self.client, self.board, self.voice.names_of, self.veil.here).of
        self.following = Following(
            client=self.client,
            board=self.board,
            corpus=self.store.corpus,
            memories=self.store.memories,
            changes=self.store.changes,
            reached=self.store.reconciliations,
            machines=self.router,
            share=self.budget.account(background=True),
            people_of=self.people_of,
            exclusions=Manner.of(self.settings).exclusions,
            window=self.settings.context_messages,
            clock=self.clock,
            start=self.tasks.start,
            terms=self.terms,
        )

    def _join_hiding(self) -> None:
        """What makes members invisible to echoes."""
        store, following = self.store, self.following
        following.living.hides = self.veil.hides
        self.hider = Hider(
            unseen=store.unseen,
            veil=self.veil,
            corpus=store.corpus,
            memories=store.memories,
            amendments=store.amendments,
            tidings=following.tidings,
            hearing=self.hearing,
            living=following.living,
            board=self.board,
            post=self.router.post,
            people_of=self.people_of,
            audit=store.audit,
            journal=store.journal,
            feedback=store.feedback,
            clock=self.clock,
        )
        privacy = Privacy(self.hider, self.board.has_profile_of)
        self.client.commands.more["echo privacy"] = privacy.run
        self.client.buttons.more.append(privacy.press)

    def _join_portraits(self) -> None:
        """What is told of how somebody writes, and how well their echo does it: card, report, quiz."""
        store, commands, buttons = self.store, self.client.commands, self.client.buttons
        edge = (self.client, self.board, self.voice, self.notices, self.letters)
        self.reacting = reacting_of(edge, store, self.settings, self.tasks.start, self.clock)
        self.portraits = Portraits(store.models, store.corpus, store.wishes, self.board)
        commands.card = buttons.card = card = Card(self.board, self.portraits, store.account)
        commands.more["echo card"] = card.run
        reported_of(edge, self.reacting, self.router, store, self.settings, self.clock)
        self.scoring = Scoring(
            *(self.board, store.corpus, store.scorecards, store.quizzes),
            *(self.engine, self.reach, self.settings, self.clock),
        )
        self.quizzing = Quizzing(
            *(self.client, store.quizzes, self.board, self.settings),
            *(self.tasks.start, store.wishes.of, self.scoring.show),
        )
        commands.more["echo quiz"], buttons.quizzing = self.quizzing.run, self.quizzing

    def _join_sessions(self) -> None:
        """What sessions ask for."""
        store, settings = self.store, self.settings
        ceiling = Ceiling(settings.max_share_of_voice, settings.max_echo_share)
        limits = Limits(settings.max_bot_turns, ceiling)
        self.held_models = HeldModels(self.board, store.models, self.engine.release)
        self.recall = Recall(
            *(self.held_models, store.sources, self.engine, Listeners(self.client, self.places), self.terms),
            look_up=self._look_up,
        )
        self.quizzing.may_show = self.recall.may_show
        beginning = Beginning(self.board, self.engine, self.recall, settings.openers_per_day, self.clock)
        look = LastLook(
            *(self.chat, self.engine, self.held_models, store.wishes),
            *(self.reports, settings, self.clock),
        )
        remembering = Remembering(self.chat, store.memories, self.people_of, self.following.reads_for)
        self.session_work = SessionWork(
            board=self.board,
            chat=self.chat,
            engine=self.engine,
            held_models=self.held_models,
            recall=self.recall,
            generations=store.generations,
            limiting=self.governing.limiting,
            floor=Floor(self.board, store.turns, self.hearing.called, limits, self.clock),
            reach=self.reach,
            saying=Saying(
                *(self.board, self.chat, store.generations, store.outbox, beginning),
                Disclosing(self.board, self.chat, store.contacts, self.clock),
                *(look, remembering, self.terms, self.clock),
            ),
            last_look=look,
            remembering=remembering,
            beginning=beginning,
            wishes=store.wishes,
            terms=self.terms,
            feedback=store.feedback,
            settings=settings,
            pace=self.pace,
            clock=self.clock,
            is_settling=self.hider.is_settling,
        )

    def _look_up(self, server_id: int, place_ids: Iterable[int]) -> None:
        self.tasks.start(f"places of server {server_id}", self.places.learn(server_id, place_ids))

    def _join_published(self) -> Callable[[int], None]:
        """What keeps published personas as their cards are; returns what is to be told of models that were amended."""
        store, let_go = self.store, self.session_work.let_go
        self.versions = Versions(
            *(self.board, self.engine, store.models, store.uploads, store.tuning, self.reach, store.wishes, let_go)
        )

        def renew(profile_id: int) -> None:
            self.tasks.start(f"card {profile_id}", self.versions.renew(profile_id))

        def settled(profile_id: int) -> None:
            self.held_models.amended(profile_id)
            self.hider.amended(profile_id)

        def amended(profile_id: int) -> None:
            settled(profile_id)
            renew(profile_id)

        if self.settings.engine == "embedded":
            return settled
        self.portraits.wished = renew
        return amended

    def _join_erasing(self) -> None:
        """What erases forgotten profiles wherever something of them lies, and sends the receipts."""
        store, board = self.store, self.board
        taking_down = TakingDown(self.client, board, store.erasures, self.voice.webhooks)

        async def release(profile_id: int) -> None:
            if profile_id in board.profiles:
                await taking_down.release(board.profiles[profile_id])

        names = board.names
        self.delivering = Delivering(store.receipts, self.letters, lambda one: names.get(one, str(one)), release)

        def deliver() -> None:
            self.tasks.start("receipts", self.delivering.run())

        kept = (store.erasure, store.erasures, store.receipts, store.consents)
        self.erasing = Erasing(*kept, self.versions, taking_down, self.settings, self.clock, made=deliver)
        self.erasing.also.append(self.voice.forget)
        self.exporting = Exporting(store, board, self.letters, self.client, self.settings, self.clock)
        self.exporting.join(self.client)

    def _join_machines(self) -> None:
        """What profiles ask for, and what drives all machines."""
        store, settings = self.store, self.settings
        ends = SessionEnds(self.board, self.router)
        manner, amended = Manner.of(settings), self._join_published()
        self._join_erasing()
        profile_work = ProfileWork(
            board=self.board,
            chat=self.chat,
            collector=Collector(
                self.client, store.corpus, self.budget, manner, people_of=self.people_of, clock=self.clock
            ),
            corpus=store.corpus,
            datasets=store.datasets,
            engine=self.engine,
            models=store.models,
            sources=store.sources,
            scoring=self.scoring,
            amending=Amending(
                *(store.corpus, store.amendments, store.models, store.sources),
                *(self.engine, self.chat, amended, self.clock),
            ),
            fine_tuning=fine_tuning_of(*(settings, store, self.board, self.engine, self.scoring, self.clock)),
            versions=self.versions,
            keep_to_terms=KeepingToTerms(store.corpus, self.terms, self.places.learn),
            erasing=self.erasing,
            settings=settings,
            clock=self.clock,
            end_sessions=ends,
            let_go=self.session_work.let_go,
            collecting=asyncio.Semaphore(settings.collecting_slots),
            training=asyncio.Semaphore(settings.training_slots),
        )
        works = {**profile_work.works(), **self.session_work.works()}
        self.interpreter = Interpreter(
            self.board, store.outbox, works, self.router.post, self.chat.type_in, self.tasks, self.clock
        )
        ends.work_ended = self.interpreter.work_ended
        self.timers = Timers(self.clock, self.router.ring)
        self.router.connect(self.interpreter, self.timers)


def shelf_of(settings: Settings) -> Shelf | None:
    """The base models that can be chosen among; None where the engine speaks by none."""
    if settings.engine != "ollama":
        return None
    # Only who uses it pays for its import.
    from echo.engines.ollama.inventory import Inventory

    return Inventory(settings)
