"""Brings every event to its machine, and what follows from it to the board, the alarms and the interpreter."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from typing import Protocol

from db.errors import AlreadyExists
from db.outbox import OutboxRow
from db.steps import Recorded
from echo.actor import Actor, Ledger, Mail
from echo.errors import ServiceUnavailable
from echo.tasks import Tasks
from echo.work_ends import BEING_FORGOTTEN, NO_CONSENT
from states.board import Board, Fault
from states.decide import Refusal, Step, begin_profile, begin_session
from states.events import AskedAgain, EchoAsked, Event, OfflineAsked, OnlineAsked, StartedAgain, TimerFired
from states.halts import HALTED
from states.model import MachineKey, MachineKind, ProfileSnapshot, ProfileState, SessionSnapshot, Snapshot
from states.policy import Policy, Refused
from states.terms import Summoner
from states.terms_in_force import NOT_HERE, TermsInForce

log = logging.getLogger(__name__)

STOPPING = "Echo is stopping, and takes nothing more: ask again when it is back."


class Performer(Protocol):
    """What performs queued effects and follows snapshots."""

    def perform(self, rows: tuple[OutboxRow, ...]) -> None:
        """Begin to do these, in order."""

    def follow(self, snapshot: Snapshot) -> None:
        """Re-make what is a function of the snapshot (typing), and end work that is no longer wanted."""

    def settle(self, row: int) -> None:
        """An outbox row is over without a step."""


class Alarms(Protocol):
    """Alarms that follow the snapshots."""

    def reconcile(self, key: MachineKey, due: Mapping[str, datetime]) -> None:
        """Make one machine's alarms exactly these."""


class Router:
    """All the actors. `connect` joins it with the performer and the alarms, which know it in turn."""

    def __init__(
        self, board: Board, ledger: Ledger, policy: Policy, session_limit: int, clock: Callable[[], datetime]
    ) -> None:
        self.board = board
        self._ledger = ledger
        self._policy = policy
        self._session_limit = session_limit
        self._clock = clock
        self._actors: dict[MachineKey, Actor] = {}
        self._births = asyncio.Lock()
        self._tasks = Tasks(self._broke)
        self._performer: Performer | None = None
        self._alarms: Alarms | None = None
        self._is_closed = False
        self._is_settled = asyncio.Event()
        self.terms = TermsInForce()
        self.room: Callable[[OnlineAsked], Refused | None] = lambda asked: None
        """Why a channel or user has no room for one more session; None where there is."""
        self.coming_online: Callable[[int], AbstractAsyncContextManager[None]] = lambda profile_id: nullcontext()
        """What is done around a profile's coming online."""

    def connect(self, performer: Performer, alarms: Alarms) -> None:
        """Say who performs and who rings."""
        self._performer = performer
        self._alarms = alarms

    def adopt(self, snapshots: list[Snapshot]) -> None:
        """Take over machines as the database has them: board, alarms and typing are made anew."""
        for snapshot in snapshots:
            self._add(snapshot)
            self.board.show(snapshot)
            self._follow(snapshot)

    def tell_started(self) -> None:
        """Have those who wait for an answer look whether their question still stands, and give an end to consents that
        have none."""
        for profile in self.board.profiles.values():
            is_asked = profile.consent_message_id is not None and (profile.expires is None or profile.agreed)
            if (
                is_asked
                if profile.state is ProfileState.AWAITING_CONSENT
                else profile.has_consent and not profile.expires
            ):
                self.post(profile.key, StartedAgain(self._clock()))

    def post(self, key: MachineKey, event: Event, settles: int | None = None) -> None:
        """Put an event in a machine's mailbox and go on."""
        self._put(key, Mail(event, settles))

    async def ask(self, key: MachineKey, event: Event) -> Step | Refusal:
        """Put an event in a machine's mailbox and wait for its outcome.

        Raises StorageError when it can't be kept, ServiceUnavailable when Echo stops, like `create` and `online`.
        """
        self._check_open()
        answer: asyncio.Future[Step | Refusal] = asyncio.get_running_loop().create_future()
        if not self._put(key, Mail(event, None, answer)):
            return self._refuse(Refusal(key, event, Refused.FORGOTTEN))
        return await answer

    async def create(
        self, server_id: int, user_id: int, asker_id: int, channel_id: int, cutoff: datetime, approves: bool = False
    ) -> Step | Refusal:
        """The birth of a profile; where one of this subject awaits consent already, its question is put again.

        `approves`: whoever asks manages the server, and allows the echo there by asking.
        """
        self._check_open()
        base = self.board.bases.get(server_id, "")
        asked = EchoAsked(self._clock(), server_id, user_id, asker_id, channel_id, cutoff, base, approves)
        async with self._births:
            there = self.profile_of(server_id, user_id)
            if there is not None and there.state is ProfileState.AWAITING_CONSENT:
                return await self.ask(there.key, AskedAgain(asked.at, asker_id, channel_id, cutoff, approves))
            if there is not None:
                return self._refuse(Refusal(None, asked, Refused.DUPLICATE_PROFILE))
            return await self._bear(begin_profile(asked, self._policy), Refused.DUPLICATE_PROFILE)

    async def online(
        self,
        profile_id: int,
        channel_id: int,
        by: int,
        opens: bool = False,
        standing: Summoner = Summoner.EVERYONE,
    ) -> Step | Refusal:
        """Bring a profile's echo online in a channel: the birth of a session, or a step of the one there is."""
        self._check_open()
        async with self.coming_online(profile_id), self._births:
            profile = self.board.profiles.get(profile_id)
            server_id = profile.server_id if profile else 0
            asked = OnlineAsked(
                at=self._clock(),
                by=by,
                profile_id=profile_id,
                server_id=server_id,
                channel_id=channel_id,
                ready=profile is not None and profile.can_speak and not profile.is_over(self._clock()),
                active=len(self.board.sessions_online(server_id)),
                limit=self._session_limit,
                opens=opens,
                halted=server_id in self.board.halts,
            )
            why = self.terms.bar(profile, asked, standing) if profile is not None and profile.can_speak else None
            if why is not None:
                return self._refuse(Refusal(profile.key if profile else None, asked, why))
            there = self._session_in(profile_id, channel_id)
            over = self.room(asked) if there is None or not there.state.is_online else None
            if over is not None:
                return self._refuse(Refusal(None if there is None else there.key, asked, over))
            if there is not None:
                return await self.ask(there.key, asked)
            born = begin_session(asked, self._policy)
            return self._refuse(born) if isinstance(born, Refusal) else await self._bear(born, Refused.ALREADY_ONLINE)

    async def offline(self, session_id: int, by: int, reason: str) -> Step | Refusal:
        """Take a session offline."""
        return await self.ask(MachineKey(MachineKind.SESSION, session_id), OfflineAsked(self._clock(), by, reason))

    @asynccontextmanager
    async def resting(self, session_ids: Sequence[int]) -> AsyncIterator[Sequence[int]]:
        """Of these sessions those that are offline with nothing in their mailboxes: within it they stay so, and after
        it they are gone from the board, as their rows are to be from the database. Where that fails they stay."""
        async with self._births:
            keys = [MachineKey(MachineKind.SESSION, session_id) for session_id in session_ids]
            free = [key for key in keys if (actor := self._actors.get(key)) is None or self._rests(actor)]
            yield [key.id for key in free]
            for key in free:
                self._actors.pop(key, None)
                self.board.sessions.pop(key.id, None)

    def _rests(self, actor: Actor) -> bool:
        snapshot = actor.snapshot
        return isinstance(snapshot, SessionSnapshot) and not snapshot.state.is_online and not actor.waiting

    def ring(self, key: MachineKey, event: TimerFired) -> None:
        """An alarm went off."""
        self.post(key, event)

    def profile_of(self, server_id: int, user_id: int) -> ProfileSnapshot | None:
        """The living profile of a subject in a server."""
        return next(
            (
                profile
                for profile in self.board.profiles.values()
                if (profile.server_id, profile.user_id) == (server_id, user_id)
                and profile.state is not ProfileState.FORGOTTEN
            ),
            None,
        )

    async def settled(self) -> None:
        """Return when no mailbox holds anything."""
        while len(self._tasks):
            self._is_settled.clear()
            await self._is_settled.wait()

    async def close(self, within: float) -> None:
        """Take no more events; those in the mailboxes get `within` seconds."""
        self._is_closed = True
        try:
            async with asyncio.timeout(within):
                await self.settled()
        except TimeoutError:
            log.warning("Some events were not dealt with in time; what was queued is resumed at the next start.")
        await self._tasks.end(within)

    # what follows a step

    def recorded(self, step: Step, recorded: Recorded) -> None:
        """A step is in the database: show it, set its alarms, do what it asks for."""
        try:
            self.board.publish(Step(step.before, recorded.snapshot, step.event, step.effects), recorded.line)
        finally:
            # A watcher of the board that breaks must not keep the machine from going on.
            self._follow(recorded.snapshot)
            if self._performer is not None:
                self._performer.perform(recorded.outbox)

    def refused(self, refusal: Refusal, settles: int | None) -> None:
        """An event changed nothing."""
        self._refuse(refusal)
        if settles is not None and self._performer is not None:
            self._performer.settle(settles)

    def storage_failed(self, sentence: str | None) -> None:
        """Recording fails, or works again."""
        self.board.set_condition("database", sentence)

    def _follow(self, snapshot: Snapshot) -> None:
        if self._alarms is not None:
            self._alarms.reconcile(snapshot.key, snapshot.due)
        if self._performer is not None:
            self._performer.follow(snapshot)
        if isinstance(snapshot, ProfileSnapshot):
            for session in self.board.sessions_online(snapshot.server_id):
                # What is forgotten takes its sessions offline itself, and waits for that.
                if session.profile_id == snapshot.id and snapshot.state is ProfileState.AWAITING_CONSENT:
                    self._end_without_consent(session)
                self._end_if_barred(session)
        elif snapshot.state.is_online:
            self._end_without_consent(snapshot)
            self._end_if_barred(snapshot)
            self._end_if_halted(snapshot)

    def _end_without_consent(self, session: SessionSnapshot) -> None:
        """Take a session offline where a key is out, also one that came online while it was taken out."""
        profile = self.board.profiles.get(session.profile_id)
        if profile is not None and not profile.has_consent:
            rests = profile.state is ProfileState.AWAITING_CONSENT
            reason = (profile.reason or NO_CONSENT) if rests else BEING_FORGOTTEN
            self.post(session.key, OfflineAsked(self._clock(), 0, reason))

    def _end_if_barred(self, session: SessionSnapshot) -> None:
        profile = self.board.profiles.get(session.profile_id)
        if profile is not None and self.terms.is_barred(profile, session.channel_id):
            self.post(session.key, OfflineAsked(self._clock(), 0, NOT_HERE))

    def _end_if_halted(self, session: SessionSnapshot) -> None:
        # It was coming online when somebody silenced the server, or Echo was killed between the two.
        halt = self.board.halts.get(session.server_id)
        if halt is not None:
            self.post(session.key, OfflineAsked(self._clock(), halt.by, HALTED))

    async def _bear(self, step: Step, clash: Refused) -> Step | Refusal:
        try:
            recorded = await self._ledger.record(step)
        except AlreadyExists:
            return self._refuse(Refusal(None, step.event, clash))
        self._add(recorded.snapshot)
        self.recorded(step, recorded)
        return Step(None, recorded.snapshot, step.event, step.effects)

    def _add(self, snapshot: Snapshot) -> None:
        self._actors[snapshot.key] = Actor(snapshot, self._policy, self._ledger, self, self._run)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ServiceUnavailable(STOPPING)

    def _put(self, key: MachineKey, mail: Mail) -> bool:
        actor = self._actors.get(key)
        if actor is None or self._is_closed:
            return False
        actor.put(mail)
        return True

    def _run(self, key: MachineKey, actor: Actor) -> None:
        task = self._tasks.start(f"machine {key}", actor.run())
        task.add_done_callback(functools.partial(self._rested, actor))

    def _rested(self, actor: Actor, task: asyncio.Task[None]) -> None:
        # What one event broke deals with the next ones all the same.
        if not task.cancelled():
            actor.wake()
        self._is_settled.set()

    def _refuse(self, refusal: Refusal) -> Refusal:
        self.board.refuse(refusal)
        return refusal

    def _session_in(self, profile_id: int, channel_id: int) -> SessionSnapshot | None:
        return next(
            (
                session
                for session in self.board.sessions.values()
                if (session.profile_id, session.channel_id) == (profile_id, channel_id)
            ),
            None,
        )

    def _broke(self, where: str, sentence: str) -> None:
        self.board.report(Fault(self._clock(), where, sentence))
