"""A step counts once it is recorded; queued work is done once, or not at all where nobody wants it any more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from db.connection import Database
from db.errors import DatabaseLocked
from db.outbox import OutboxRow
from echo.errors import ServiceUnavailable
from states import events as ev
from states.decide import Refusal, Step
from states.effects import AskConsent, Collect, Forget, Remind, Train
from states.model import ProfileState, SessionState
from states.policy import Refused
from tests.support.machinery import PROFILE, Machinery, ended, machinery
from tests.support.running import until
from tests.support.stored_steps import steps_of


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Machinery]:
    async with machinery(tmp_path / "echo.db") as one:
        yield one


async def test_a_profile_is_on_the_board_only_when_it_is_in_the_database(here: Machinery) -> None:
    step = await here.create()
    assert isinstance(step, Step) and here.board.profiles[1] == step.after
    profiles, _ = await steps_of(here.database).load()
    assert profiles == [here.board.profiles[1]]
    assert [line.event for line in here.board.journal] == ["EchoAsked"]


async def test_a_person_has_one_living_profile_in_a_server(here: Machinery) -> None:
    await here.create()
    here.hold.set()
    await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
    both = await asyncio.gather(here.create(), here.create(21), here.create(21))
    assert isinstance(both[0], Refusal) and both[0].why is Refused.DUPLICATE_PROFILE
    assert len(here.board.profiles) == 2, "whoever asks while the question stands has it put again"


async def ready(here: Machinery) -> None:
    """A profile that can speak."""
    here.outcome = lambda row: {
        Collect: ev.CollectionFinished(here.clock(), 500, 50),
        Train: ev.TrainingFinished(here.clock(), "models/1-1.model", 1, 500, 1.0),
    }.get(type(row.effect))
    here.hold.set()
    await here.create()
    await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
    await until(here.board, lambda: here.board.profiles[1].state is ProfileState.READY)


async def test_only_sessions_that_rest_may_be_erased_and_they_come_online_anew(here: Machinery) -> None:
    await ready(here)
    step = await here.router.online(1, 40, 20)
    assert isinstance(step, Step)
    async with here.router.resting([step.after.id]) as free:
        assert free == []
    await here.router.offline(step.after.id, 20, "Enough.")
    async with here.router.resting([step.after.id]) as free:
        assert free == [step.after.id]
        async with here.database.write() as connection:
            await connection.execute("DELETE FROM echo_sessions")
    assert here.board.sessions == {}
    again = await here.router.online(1, 40, 20)
    assert isinstance(again, Step) and again.after.id > step.after.id


async def test_machines_do_not_wait_for_each_other(here: Machinery) -> None:
    await here.create()
    await here.create(21)
    assert await here.began(2) == [AskConsent(), AskConsent()], "the first one is not done yet"


async def test_who_waits_hears_at_once_that_nothing_can_be_recorded(here: Machinery) -> None:
    await here.create()
    with closing(sqlite3.connect(here.database.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked, match="close what else has it open"):
            await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
    assert here.board.profiles[1].state is ProfileState.AWAITING_CONSENT
    assert "locked" in here.board.conditions["database"]


async def test_what_is_posted_while_storage_fails_is_recorded_when_it_works_again(here: Machinery) -> None:
    await here.create()
    with closing(sqlite3.connect(here.database.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        here.router.post(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
        await until(here.board, lambda: "database" in here.board.conditions)
    await until(here.board, lambda: here.board.profiles[1].state is ProfileState.COLLECTING)
    assert "database" not in here.board.conditions


async def test_queued_work_that_a_crash_left_behind_is_done_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "echo.db"
    async with machinery(path) as first:
        await first.create()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if (task.get_name() or "").startswith("AskConsent"):
                task.cancel()
    async with machinery(path) as second:
        second.outcome = lambda row: ev.ConsentPosted(second.clock(), 900)
        second.hold.set()
        await until(second.board, lambda: second.board.profiles[1].consent_message_id == 900)
        assert await second.outbox.pending() == []


async def test_work_that_nobody_wants_any_more_is_ended_and_not_done_later(here: Machinery) -> None:
    await here.create()
    await here.router.ask(PROFILE, ev.ConsentGiven(here.clock(), 20, 1, "hash"))
    assert Collect() in await here.began(3)
    await here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish"))

    await ended("settling", "Announce", "Collect", "AskConsent")
    assert {type(row.effect) for row in await here.outbox.pending()} == {Forget}


async def test_a_result_that_comes_too_late_ends_its_row_all_the_same(here: Machinery) -> None:
    here.outcome = lambda row: ev.DraftMade(here.clock(), 1, 1, 1.0, 1.0, ())
    here.hold.set()
    await here.create()
    await until(here.board, lambda: here.board.refusal_count)

    await ended("settling")
    assert await here.outbox.pending() == []


async def test_an_unanswered_question_expires_by_the_clock(here: Machinery) -> None:
    await here.create()
    here.clock.move(timedelta(hours=168).total_seconds())
    await until(here.board, lambda: here.board.profiles[1].state is ProfileState.FORGETTING)


async def test_an_effect_that_breaks_is_a_fault_without_its_words(tmp_path: Path) -> None:
    async with Database(tmp_path / "echo.db") as database:
        here = Machinery(database)

        def broken(row: OutboxRow) -> ev.Event | None:
            raise KeyError("what somebody wrote")

        here.outcome = broken
        here.hold.set()
        await here.start()
        await here.create()
        await until(here.board, lambda: here.board.faults)
        assert "KeyError" in here.board.faults[0].sentence
        assert "wrote" not in here.board.faults[0].sentence
        here.timers.stop()
        await here.router.close(5)


async def test_who_asks_while_echo_stops_is_told_so(here: Machinery) -> None:
    await here.create()
    await here.router.close(5)
    for asking in (
        here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish")),
        here.router.online(1, 40, 20),
        here.create(21),
    ):
        with pytest.raises(ServiceUnavailable, match="stopping"):
            await asking
    assert len(here.board.profiles) == 1


async def test_an_echo_that_came_online_while_it_was_being_forgotten_goes_offline(here: Machinery) -> None:
    await ready(here)
    async with here.database.write():
        forgetting = asyncio.ensure_future(here.router.ask(PROFILE, ev.ForgetAsked(here.clock(), 20, "wish")))
        await here.outbox.pending()  # meanwhile its step has come to wait for its turn to be written
        coming = asyncio.ensure_future(here.router.online(1, 40, 20))
        await here.outbox.pending()
    assert isinstance(await forgetting, Step) and isinstance(await coming, Step)
    await until(here.board, lambda: here.board.sessions[1].state is SessionState.OFFLINE)


async def test_what_a_consents_end_overtook_while_echo_was_away_is_not_done(tmp_path: Path) -> None:
    path = tmp_path / "echo.db"
    async with machinery(path) as first:
        await first.create()
        await first.router.ask(PROFILE, ev.ConsentGiven(first.clock(), 20, 1, "hash"))
        assert Collect() in await first.began(3)
    async with machinery(path, later=timedelta(days=181).total_seconds()) as second:
        await until(second.board, lambda: second.board.profiles[1].state is ProfileState.AWAITING_CONSENT)
        await second.began(1)
        assert Collect() not in second.begun and Remind() not in second.begun
        assert "ended" in str(second.board.profiles[1].reason)
