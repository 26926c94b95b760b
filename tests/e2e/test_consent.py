"""Either key out: within two seconds the echo is offline, nothing more is read, and what was waiting is not said."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from echo.corpus.written import Written
from states.model import Deadline, ProfileState, SessionState
from tests.support.clock import HandClock
from tests.support.running import Running, running, until
from tests.support.settlers import everybody

SOON = 2.0
"""Seconds within which all must be over."""
REVOKED = "The person took their consent back."
WITHDRAWN = "Somebody who manages this server does not allow it any more."


def chatter() -> list[Written]:
    """Ana, who manages the server, and Ben and Cleo, who talk enough to be learnt."""
    lines = everybody()[-1500:]
    return [Written("Ana", "garden", lines[0].ts, "first"), *lines]


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    (path,) = home.rglob("echo.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def at_work(*kinds: str) -> list[str]:
    """The effects of these kinds that are being done."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(kinds)]


@asynccontextmanager
async def soon() -> AsyncIterator[None]:
    """What happens within must be over in time."""
    began = time.perf_counter()
    yield
    assert time.perf_counter() - began < SOON


async def take_out(echo: Running, how: str) -> str:
    """Take one of the two keys out of Mara's echo; the sentence that says why it rests."""
    if how == "revoked":
        await echo.command("Mara", "general", "echo consent revoke")
    elif how == "withdrawn":
        await echo.command(echo.manager, "general", "echo consent revoke", profile="Mara")
    else:
        end = echo.board.profiles[1].due[Deadline.EXPIRY]
        echo.clock.move((end - echo.clock()).total_seconds())
    return {"revoked": REVOKED, "withdrawn": WITHDRAWN}.get(how, "The consent ended.")


def rests(echo: Running) -> bool:
    return echo.board.profiles[1].state is ProfileState.AWAITING_CONSENT


@pytest.mark.parametrize("how", ["revoked", "withdrawn", "expired"])
async def test_what_was_waiting_to_be_said_is_not_said(tmp_path: Path, how: str) -> None:
    async with running(tmp_path, chatter()) as echo:
        await echo.agreed("Mara", "general", "01.06.2026")
        await echo.ready()
        await echo.command("Mara", "general", "echo online")
        await echo.people.say("Petr", "general", "Mara (echo): how is the boat coming along?")
        await until(echo.board, lambda: Deadline.SPEAK in echo.session().due)
        async with soon():
            why = await take_out(echo, how)
            await until(echo.board, lambda: rests(echo) and echo.session().state is SessionState.OFFLINE)
        assert echo.session().reason == why and echo.session().due == {}
        echo.clock.move(3600)
        await echo.echo.router.settled()
        assert echo.said("general") == [] and echo.board.profiles[1].messages > 50
        assert "No echo is ready" in await echo.command("Mara", "general", "echo online")
    journal = {event for (event,) in rows(tmp_path, "SELECT event FROM journal")}
    assert {
        "ConsentGiven",
        {"revoked": "ConsentRevoked", "withdrawn": "ApprovalWithdrawn"}.get(how, "TimerFired"),
    } <= journal
    ended = rows(tmp_path, "SELECT ended_at IS NOT NULL FROM consents")
    assert ended == [(how != "withdrawn",)]


@pytest.mark.parametrize("how", ["revoked", "withdrawn"])
async def test_reading_stops_though_discord_holds_an_answer_back(tmp_path: Path, how: str) -> None:
    async with running(tmp_path, chatter()) as echo:
        sandbox = echo.echo.sandbox
        assert sandbox is not None
        question = await echo.asked("Mara", "general", "01.06.2026")
        sandbox.faults.set({"silent": 1000, "match": "/channels/"})
        await echo.agree("Mara", question)
        await until(echo.board, lambda: at_work("Collect"))
        async with soon():
            await take_out(echo, how)
            async with asyncio.timeout(SOON):
                while at_work("Collect"):
                    await asyncio.wait([t for t in asyncio.all_tasks() if t.get_name().startswith("Collect")])
        assert rests(echo)
        sandbox.faults.clear()
        await echo.echo.router.settled()
        assert rows(tmp_path, "SELECT count(*) FROM user_messages") == [(0,)]
        assert rows(tmp_path, "SELECT count(*) FROM outbox WHERE effect = 'Collect' AND done = 0") == [(0,)]


@pytest.mark.parametrize("closed", [False, True], ids=["by letter", "in the channel"])
async def test_its_person_is_reminded_privately_and_asked_anew_at_the_end(tmp_path: Path, closed: bool) -> None:
    async with running(tmp_path, chatter()) as echo:
        await echo.people.close_letters("Mara", closed=closed)
        await echo.agreed("Mara", "general", "01.06.2026")
        ready = await echo.ready()
        echo.clock.move((ready.due[Deadline.REMINDER] - echo.clock()).total_seconds())

        def reminders() -> list[str]:
            letters = [one["content"] for one in echo.people.letters("Mara")]
            posts = [one["content"] for one in echo.people.messages("general")]
            found = [text for text in (posts if closed else letters) if "Your consent to an echo of you" in text]
            assert not [text for text in (letters if closed else posts) if "Your consent to an echo" in text]
            return found

        [told] = await seen(echo, reminders)
        assert "ends on 12.12.2026" in told and "/echo consent change" in told
        await take_out(echo, "expired")
        await until(echo.board, lambda: rests(echo) and echo.board.profiles[1].consent_message_id)
        assert ready.consent_message_id != echo.board.profiles[1].consent_message_id
        [again] = [one for one in echo.people.messages("general") if one["id"] == str(asked_in(echo))]
        await echo.agree("Mara", {"message_id": again["id"]})
        assert echo.board.profiles[1].has_consent and echo.board.profiles[1].can_speak


def asked_in(echo: Running) -> int | None:
    return echo.board.profiles[1].consent_message_id


async def seen(echo: Running, what: Callable[[], list[str]]) -> list[str]:
    """What `what` finds, once it finds something."""
    news = asyncio.Event()
    stop = echo.people.subscribe(lambda _: news.set())
    try:
        async with asyncio.timeout(60):
            while not (found := what()):
                await news.wait()
                news.clear()
            return found
    finally:
        stop()


async def test_an_operator_who_sends_elsewhere_what_was_to_stay_has_everybody_asked_anew(tmp_path: Path) -> None:
    clock = HandClock()
    async with running(tmp_path, chatter(), clock=clock) as echo:
        await echo.agreed("Mara", "general", "01.06.2026")
        await echo.ready()
    async with running(tmp_path, tmp_path / "export.jsonl", clock=clock, data_retention_days=400) as again:
        await until(again.board, lambda: rests(again) and again.board.profiles[1].consent_message_id)
        assert [row[0] for row in rows(tmp_path, "SELECT event FROM journal WHERE event = 'ConsentOutdated'")]
        await again.agree("Mara", {"message_id": str(asked_in(again))})
        assert again.board.profiles[1].has_consent
