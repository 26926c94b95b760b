"""Whatever happens, in whatever order, and wherever the process dies: no machine waits for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from db.connection import Database
from db.keys import Keyring
from db.outbox import Outbox, OutboxRow
from db.steps import Recorded, Steps
from echo.interpreter import Interpreter, Work
from echo.router import Router
from echo.tasks import Tasks
from echo.work_ends import SessionEnds
from states import events as ev
from states.board import Board, Fault
from states.decide import Step
from states.effects import QUEUED, AskConsent, Collect, Compose, Effect, Forget, Say, Train, still_wanted
from states.model import MachineKey, MachineKind, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState, Snapshot
from states.policy import Policy
from states.terms import Terms
from tests.support.clock import HandClock
from tests.support.outcomes import outcome
from tests.support.snapshots import due_soon
from tests.support.stored_steps import steps_of

T = TypeVar("T")
DEATHS = st.sampled_from((0, 0, 0, 1, 2, 3))
"""0: none; 1: before the next step is committed; 2 or 3: right after the first or second one is."""
PATIENCE = 60.0
CHANNELS, SUBJECT, BREAKS = (40, 41), 20, 3
ACTS = (
    *("agree", "agree", "agree", "narrow", "choose", "revoke", "allow", "disallow"),
    *("refresh", "retry", "forget", "decline"),
)
NARROW = Terms(reads=frozenset({40}))
WAYS = (0, 0, 0, 0, 1, 2, BREAKS)


class Alarms:
    """What is due, by machine; it rings when the test says so."""

    def __init__(self) -> None:
        self.due: dict[MachineKey, dict[str, datetime]] = {}

    def reconcile(self, key: MachineKey, due: Mapping[str, datetime]) -> None:
        self.due[key] = dict(due)


class MortalSteps(Steps):
    """Records steps until the process dies: just before the commit (`left` 0) or just after so many more."""

    left: int | None = None

    async def record(self, step: Step, settles: int | None = None) -> Recorded:
        if self.left == 0:
            raise asyncio.CancelledError
        recorded = await super().record(step, settles)
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise asyncio.CancelledError
        return recorded


class Life:
    """One life of the process, from its start to its death, on a database that outlives it."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database, self.clock = database, clock
        self.board, self.outbox, self.alarms = Board(), Outbox(database), Alarms()
        self.steps = MortalSteps(database, Keyring(database, bytes(32)))
        self.router = Router(self.board, self.steps, Policy(max_restarts=1, max_bot_turns=2), 5, clock)
        self.tasks = Tasks(lambda where, sentence: self.board.report(Fault(clock(), where, sentence)))
        self.parked: dict[int, tuple[OutboxRow, asyncio.Future[ev.Event | None], asyncio.Task[Any]]] = {}
        self.has_parked = asyncio.Event()
        works: dict[type[Effect], Work] = dict.fromkeys(QUEUED, self.work)
        self.interpreter = Interpreter(
            self.board, self.outbox, works, self.router.post, self.type_in, self.tasks, clock
        )
        self.ends = SessionEnds(self.board, self.router)
        self.ends.work_ended = self.interpreter.work_ended
        self.router.connect(self.interpreter, self.alarms)

    async def start(self) -> None:
        profiles, sessions = await steps_of(self.database).load()
        self.router.adopt([*profiles, *sessions])
        self.interpreter.perform(tuple(await self.outbox.pending()))
        self.interpreter.begin()

    async def work(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event | None:
        """Waits until the test says what comes of it."""
        if isinstance(row.effect, Forget) and isinstance(snapshot, ProfileSnapshot):
            await self.ends(snapshot)
        task = asyncio.current_task()
        assert task is not None and row.id not in self.parked, "nothing is done twice at the same time"
        future: asyncio.Future[ev.Event | None] = asyncio.get_running_loop().create_future()
        self.parked[row.id] = (row, future, task)
        self.has_parked.set()
        try:
            return await future
        finally:
            del self.parked[row.id]

    async def type_in(self, channel_id: int) -> None:
        await asyncio.Event().wait()

    def at_work(self) -> list[asyncio.Task[None]]:
        """What goes on without waiting for the test."""
        waiting = {task for _, future, task in self.parked.values() if not (future.done() or task.cancelling())}
        return [t for t in self.tasks._running if t not in waiting and not t.get_name().startswith("typing")]

    async def settled(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                self.has_parked.clear()
                await self.router.settled()
                if not (busy := self.at_work()):
                    return
                parking = asyncio.ensure_future(self.has_parked.wait())
                await asyncio.wait([*busy, parking], return_when=asyncio.FIRST_COMPLETED)
                parking.cancel()

    async def die(self) -> None:
        """Everything in memory is gone at once; of what was being written, all or nothing stands."""
        everything = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)


class AnyLife(RuleBasedStateMachine):
    """A subject's echo on a real database, through any number of deaths."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HandClock()
        self.database = Database(Path(self.folder.name) / "echo.db")
        self.run(self.open())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    async def open(self) -> None:
        self.database = Database(Path(self.folder.name) / "echo.db")
        await self.database.__aenter__()
        self.life = Life(self.database, self.clock)
        await self.life.start()
        await self.life.settled()

    def teardown(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self.folder.cleanup)
            stack.callback(self.runner.close)
            self.run(self.close())

    async def close(self) -> None:
        await self.life.die()
        await self.database.__aexit__(None, None, None)

    # what happens

    @initialize(is_online=st.booleans())
    def an_echo_may_be_online_already(self, is_online: bool) -> None:
        async def come() -> None:
            await self.life.router.create(10, SUBJECT, 30, 40, self.clock(), approves=True)
            self.life.router.post(MachineKey(MachineKind.PROFILE, 1), self.event("agree"))
            await self.life.settled()
            while self.life.board.profiles[1].state is not ProfileState.READY:
                for row, future, _ in tuple(self.life.parked.values()):
                    future.set_result(outcome(row, self.clock(), 0))
                await self.life.settled()
            await self.life.router.online(1, CHANNELS[0], 30)

        if is_online:
            self.run(come())

    @property
    def profile(self) -> ProfileSnapshot | None:
        return max(self.life.board.profiles.values(), key=lambda profile: profile.id, default=None)

    def event(self, kind: str) -> ev.Event:
        now = self.clock()
        made: dict[str, ev.Event] = {
            "agree": ev.ConsentGiven(now, SUBJECT, 1, "hash"),
            "narrow": ev.ConsentGiven(now, SUBJECT, 1, "hash", terms=NARROW),
            "choose": ev.TermsChosen(now, SUBJECT, NARROW),
            "revoke": ev.ConsentRevoked(now, SUBJECT),
            "allow": ev.ApprovalGiven(now, 30),
            "disallow": ev.ApprovalWithdrawn(now, 30),
            "decline": ev.ConsentDeclined(now, SUBJECT),
            "refresh": ev.RefreshAsked(now, 0),
            "retry": ev.RetryAsked(now, 0),
            "forget": ev.ForgetAsked(now, SUBJECT, "wish"),
        }
        return made[kind]

    async def seen_through(self, acting: Coroutine[Any, Any, object], dies: int) -> None:
        """Let what is done come to its end, or to the death of the process and its next start."""
        if dies:
            self.life.steps.left = dies - 1
        await asyncio.gather(acting, return_exceptions=bool(dies))
        await self.life.settled()
        if dies:
            await self.close()
            await self.open()

    async def post(self, key: MachineKey, event: ev.Event) -> None:
        self.life.router.post(key, event)

    @rule(dies=DEATHS)
    def somebody_asks_for_an_echo(self, dies: int) -> None:
        self.run(self.seen_through(self.life.router.create(10, SUBJECT, 30, 40, self.clock(), approves=True), dies))

    @precondition(lambda self: self.profile is not None)
    @rule(kind=st.sampled_from(ACTS), dies=DEATHS)
    def a_person_acts(self, kind: str, dies: int) -> None:
        assert self.profile is not None
        self.run(self.seen_through(self.post(self.profile.key, self.event(kind)), dies))

    @precondition(lambda self: self.profile is not None and self.profile.state is ProfileState.READY)
    @rule(channel=st.sampled_from(CHANNELS), dies=DEATHS)
    def the_echo_comes_online(self, channel: int, dies: int) -> None:
        assert self.profile is not None
        self.run(self.seen_through(self.life.router.online(self.profile.id, channel, 30), dies))

    @precondition(lambda self: self.life.board.sessions)
    @rule(human=st.booleans(), offline=st.integers(0, 5), dies=DEATHS, data=st.data())
    def a_session_is_told(self, human: bool, offline: int, dies: int, data: st.DataObject) -> None:
        session_id = data.draw(st.sampled_from(sorted(self.life.board.sessions)))
        heard = ev.MessageHeard(self.clock(), 5, 55, human, addressed=True)
        event = heard if offline else ev.OfflineAsked(self.clock(), 30, "asked")
        self.run(self.seen_through(self.post(MachineKey(MachineKind.SESSION, session_id), event), dies))

    @precondition(lambda self: self.life.parked)
    @rule(which=st.integers(0, 9), how=st.sampled_from(WAYS), overtaken=st.booleans(), dies=DEATHS)
    def work_ends(self, which: int, how: int, overtaken: bool, dies: int) -> None:
        """In one way or another; perhaps just when its machine hears of something else."""
        row, future, _ = sorted(self.life.parked.values(), key=lambda one: one[0].id)[which % len(self.life.parked)]

        async def end() -> None:
            if overtaken:
                is_session = row.key.kind is MachineKind.SESSION
                heard = ev.MessageHeard(self.clock(), 6, 55, human=True, addressed=True)
                self.life.router.post(row.key, heard if is_session else self.event("forget"))
            if how == BREAKS:
                future.set_exception(KeyError("nobody foresaw this"))
            else:
                future.set_result(outcome(row, self.clock(), how))

        self.run(self.seen_through(end(), dies))

    @precondition(lambda self: any(self.life.alarms.due.values()))
    @rule(dies=DEATHS)
    def the_next_deadline_is_reached(self, dies: int) -> None:
        every = ((at, name, key) for key, due in self.life.alarms.due.items() for name, at in due.items())
        at, name, key = min(every)
        self.clock.move(max(0.0, (at - self.clock()) / timedelta(seconds=1)))
        self.run(self.seen_through(self.post(key, ev.TimerFired(self.clock(), name, at)), dies))

    # what holds

    @invariant()
    def the_database_has_what_the_board_shows(self) -> None:
        profiles, sessions = self.run(steps_of(self.database).load())
        assert profiles == sorted(self.life.board.profiles.values(), key=lambda one: one.id)
        assert sessions == sorted(self.life.board.sessions.values(), key=lambda one: one.id)

    @invariant()
    def what_is_queued_is_wanted_and_under_way(self) -> None:
        rows = self.run(self.life.outbox.pending())
        assert {row.id for row in rows} == self.life.parked.keys()
        for row in rows:
            snapshot = self.life.interpreter._snapshot(row.key)
            assert snapshot is not None and still_wanted(row.effect, snapshot), row.effect

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        board = self.life.board
        for profile in board.profiles.values():
            assert self.stands(profile), profile
        for session in board.sessions.values():
            assert self.rests(session), session
            if not board.profiles[session.profile_id].has_consent:
                assert not session.state.is_online

    def queued(self, key: MachineKey, *kinds: type) -> int:
        return sum(1 for row, _, _ in self.life.parked.values() if row.key == key and isinstance(row.effect, kinds))

    def stands(self, profile: ProfileSnapshot) -> bool:
        """Whether something will come of it: exactly one thing, so that nothing is done twice either."""
        retries = "retry" in profile.due
        match profile.state:
            case ProfileState.AWAITING_CONSENT:
                asked = profile.consent_message_id is not None
                waits = asked or retries or self.queued(profile.key, AskConsent) > 0
                # Where it can't be asked again, the question is found by whoever asks for it.
                return "consent" in profile.due and (waits or profile.expires is not None)
            case ProfileState.COLLECTING | ProfileState.TRAINING:
                stuck = profile.reason is not None and not retries
                return self.queued(profile.key, Collect, Train) + retries + stuck == 1
            case ProfileState.FORGETTING:
                return self.queued(profile.key, Forget) + retries == 1
            case ProfileState.READY:
                return "expiry" in profile.due and not due_soon(profile)
            case _:
                return not profile.due

    def rests(self, session: SessionSnapshot) -> bool:
        queued = self.queued(session.key, Compose, Say)
        match session.state:
            case SessionState.COMPOSING:
                return queued + ("speak" in session.due) == 1
            case SessionState.COOLING:
                return queued == 0 and set(session.due) == {"cool"}
            case _:
                return queued == 0 and not session.due


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
