"""An effect that breaks, or is overtaken, or meets a locked database, leaves no machine waiting for it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.outbox import OutboxRow
from states import events as ev
from states.decide import Step
from states.effects import Announce, AskConsent, Collect, Compose, Effect, Forget, Notice, Say, Train
from states.model import MachineKey, MachineKind, ProfileState, SessionState
from tests.support.machinery import PROFILE, Machinery, ended, machinery
from tests.support.running import until

SESSION = MachineKey(MachineKind.SESSION, 1)


class Willing:
    """Does every effect at once, so that an echo comes to be and talks; but one kind of effect breaks."""

    def __init__(self, here: Machinery, breaking: type[Effect] | None = None) -> None:
        self.here = here
        self.breaking = breaking
        here.outcome = self.outcome
        here.hold.set()

    def outcome(self, row: OutboxRow) -> ev.Event | None:
        now = self.here.clock()
        if isinstance(row.effect, self.breaking or ()):
            raise KeyError("what somebody wrote")
        match row.effect:
            case AskConsent():
                return ev.ConsentPosted(now, 900)
            case Collect():
                return ev.CollectionFinished(now, 500, 50)
            case Train(version=version):
                return ev.TrainingFinished(now, "models/1-1.model", version, 500, 1.0)
            case Forget():
                return ev.EverythingForgotten(now, 500)
            case Compose(turn=turn):
                return ev.DraftMade(now, turn, 70 + turn, 0.0, 0.0, ())
            case Say(generation_id=generation, part=part):
                return ev.PartSaid(now, generation, part, 901)
            case _:
                return None

    async def make(self) -> None:
        """The echo of a person, asked for and agreed to."""
        await self.here.create()
        await self.here.router.ask(PROFILE, ev.ConsentGiven(self.here.clock(), 20, 1, "hash"))

    async def talk(self) -> None:
        """The echo is ready, comes online and hears something."""
        await until(self.here.board, lambda: self.here.board.profiles[1].state is ProfileState.READY)
        assert isinstance(await self.here.router.online(1, 40, 20), Step)
        self.hear()

    def hear(self) -> None:
        self.here.router.post(SESSION, ev.MessageHeard(self.here.clock(), 800, 55, human=True, addressed=True))

    async def rest(self) -> None:
        """Wait until the session has nothing on its mind."""
        board, clock = self.here.board, self.here.clock
        await until(board, lambda: board.sessions[1].state is SessionState.COOLING or board.faults)
        await until(board, lambda: board.sessions[1].state in (SessionState.COOLING, SessionState.LISTENING))
        clock.move(60)
        await until(board, lambda: board.sessions[1].state is SessionState.LISTENING)


@pytest.mark.parametrize("breaking", [Compose, Say])
async def test_an_echo_whose_thought_or_speech_breaks_listens_again(tmp_path: Path, breaking: type[Effect]) -> None:
    async with machinery(tmp_path / "echo.db", breaks=1) as here:
        willing = Willing(here, breaking)
        await willing.make()
        await willing.talk()
        await willing.rest()
        assert "KeyError" in (here.board.sessions[1].reason or "")
        assert "wrote" not in (here.board.sessions[1].reason or "")
        assert await here.outbox.pending() == []

        willing.breaking = None
        willing.hear()
        await until(here.board, lambda: here.board.sessions[1].state is SessionState.COOLING)


@pytest.mark.parametrize("breaking", [AskConsent, Collect, Train, Forget])
async def test_a_profile_whose_work_breaks_tries_it_again_by_itself(tmp_path: Path, breaking: type[Effect]) -> None:
    async with machinery(tmp_path / "echo.db", breaks=1) as here:
        willing = Willing(here, breaking)
        await here.create()
        if breaking is not AskConsent:
            await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
        if breaking is Forget:
            await here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish"))
        await until(here.board, lambda: "retry" in here.board.profiles[1].due)
        willing.breaking = None
        again = here.begun.count(breaking(1) if breaking is Train else breaking()) + 1
        here.clock.move(60)
        await until(here.board, lambda: "retry" not in here.board.profiles[1].due)
        while here.begun.count(breaking(1) if breaking is Train else breaking()) < again:
            await here.began(len(here.begun) + 1)


async def test_a_notice_that_breaks_is_given_up(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db", breaks=1) as here:
        willing = Willing(here, Announce)
        await here.create()
        await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
        await until(here.board, lambda: here.board.faults)
        willing.breaking = None
        await until(here.board, lambda: here.board.profiles[1].state is ProfileState.READY)
        await ended("settling", "Announce")
        assert await here.outbox.pending() == []


async def test_a_row_that_ends_while_the_database_is_locked_is_settled_when_it_is_free(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db") as here:
        await here.create()
        assert AskConsent() in await here.began(1)
        with closing(sqlite3.connect(here.database.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            here.hold.set()
            await until(here.board, lambda: "database" in here.board.conditions)
        await ended("settling", "AskConsent")
        assert await here.outbox.pending() == []
        assert "database" not in here.board.conditions


async def test_a_stale_notice_is_not_told(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db") as here:
        await here.create()
        await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
        assert Announce(Notice.COLLECTING) in await here.began(3), "it waits for Discord"
        await here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish"))
        await ended("settling", "Announce")
        assert {type(row.effect) for row in await here.outbox.pending()} == {Forget}


async def test_nothing_is_begun_any_more_once_echo_stops(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db") as here:
        await here.create()
        await here.began(1)
        here.interpreter.hold()
        await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
        await asyncio.wait_for(here.router.settled(), 60)
        assert here.begun == [AskConsent()]
        assert {type(row.effect) for row in await here.outbox.pending()} >= {Announce, Collect}
