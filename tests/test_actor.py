"""A mailbox goes on, and nobody waits at it in vain, whatever happens to the event that is dealt with."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.errors import DatabaseLocked, TwoWriters
from echo.errors import EchoError
from states import events as ev
from states.decide import Step
from states.effects import AskConsent, Collect
from states.model import ProfileState
from tests.support.machinery import PROFILE, Machinery, machinery
from tests.support.running import until

PATIENCE = 60.0
"""Seconds; what is waited for comes at once or never."""


def agreed(here: Machinery) -> ev.ConsentGiven:
    return ev.ConsentGiven(here.clock(), 20, 1, "hash")


async def test_who_asks_behind_an_event_that_cannot_be_recorded_hears_so_at_once(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db") as here:
        await here.create()
        with closing(sqlite3.connect(here.database.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            here.router.post(PROFILE, agreed(here))
            early = asyncio.ensure_future(here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish")))
            await until(here.board, lambda: "database" in here.board.conditions)
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(DatabaseLocked):
                    await early
                with pytest.raises(DatabaseLocked):
                    await here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish"))
        # Whoever asks now needs not wait for the next try.
        async with asyncio.timeout(PATIENCE):
            step = await here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish"))
        assert isinstance(step, Step) and step.before is not None
        assert step.before.state is ProfileState.COLLECTING, "what was posted first came first"


async def test_a_second_writer_is_told_to_whoever_asks_and_holds_nobody_up(tmp_path: Path) -> None:
    # It breaks twice, which is told at once and then counted.
    async with machinery(tmp_path / "echo.db", breaks=1) as here:
        await here.create()
        with closing(sqlite3.connect(here.database.path)) as other:
            other.execute("UPDATE echo_profiles SET version = 90")
            other.commit()
        async with asyncio.timeout(PATIENCE):
            for _ in range(2):
                with pytest.raises(TwoWriters, match="only one Echo"):
                    await here.router.ask(PROFILE, agreed(here))


async def test_an_event_that_breaks_is_told_and_the_next_ones_are_dealt_with(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db", breaks=1) as here:
        await here.create()
        unwritable = asyncio.ensure_future(here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "\ud800")))
        behind = asyncio.ensure_future(here.router.ask(PROFILE, agreed(here)))
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(EchoError, match="try again"):
                await unwritable
            assert isinstance(await behind, Step)
        assert here.board.profiles[1].state is ProfileState.COLLECTING


async def test_whoever_watches_the_board_cannot_keep_a_machine_from_going_on(tmp_path: Path) -> None:
    async with machinery(tmp_path / "echo.db", breaks=1) as here:
        await here.create()
        assert await here.began(1) == [AskConsent()]

        def broken() -> None:
            unwatch()
            raise RuntimeError("a watcher broke")

        unwatch = here.board.watch(broken)
        async with asyncio.timeout(PATIENCE):
            assert isinstance(await here.router.ask(PROFILE, agreed(here)), Step)
        assert Collect() in await here.began(3)
