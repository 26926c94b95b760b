"""Either key out: within two seconds the echo is offline, nothing more is read, and what was waiting is not said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from states.model import Deadline, ProfileSnapshot, ProfileState, SessionState
from tests.e2e.test_whole_way import chatter, stored
from tests.support.clock import HandClock
from tests.support.running import Running, running, until

SOON = 2.0
"""Seconds within which all must be over."""
MANAGER, SUBJECT, CHANNEL = "Ana", "Ben", "talk"
WHY = {
    "revoked": "The person took their consent back.",
    "withdrawn": "Somebody who manages this server does not allow it any more.",
    "expired": "The consent ended.",
}


@asynccontextmanager
async def soon() -> AsyncIterator[None]:
    """What happens within must be over in time."""
    began = time.perf_counter()
    yield
    assert time.perf_counter() - began < SOON


def profile(echo: Running) -> ProfileSnapshot:
    return echo.board.profiles[1]


def rests(echo: Running) -> bool:
    return profile(echo).state is ProfileState.AWAITING_CONSENT


def move_to(echo: Running, deadline: Deadline) -> None:
    echo.clock.move((profile(echo).due[deadline] - echo.clock()).total_seconds())


async def take_out(echo: Running, how: str) -> None:
    """Take one of the two keys out."""
    match how:
        case "revoked":
            await echo.command(SUBJECT, CHANNEL, "echo consent revoke")
        case "withdrawn":
            await echo.command(MANAGER, CHANNEL, "echo consent revoke", profile=SUBJECT)
        case _:
            move_to(echo, Deadline.EXPIRY)


async def put_in(echo: Running) -> None:
    """Put the key that is out in again."""
    asked = await until(echo.board, lambda: profile(echo).consent_message_id)
    if profile(echo).agreed:
        await echo.allow(CHANNEL, {"message_id": str(asked)})
    else:
        shown = (await echo.people.command(SUBJECT, CHANNEL, "echo consent change"))["responses"][0]
        await echo.press(SUBJECT, shown, "I agree to this")
    await echo.ready()


def at_work(kind: str) -> list[asyncio.Task[object]]:
    """The effects of this kind that are being done."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith(kind)]


async def test_what_was_waiting_to_be_said_is_not_said_whichever_key_is_out(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        await echo.agreed(SUBJECT, CHANNEL, "01.06.2026")
        await echo.ready()
        for how, why in WHY.items():
            await echo.command(SUBJECT, CHANNEL, "echo online")
            await echo.people.say(MANAGER, CHANNEL, f"{SUBJECT} (echo): how is the boat?")
            await until(echo.board, lambda: Deadline.SPEAK in echo.session().due)
            async with soon():
                await take_out(echo, how)
                await until(echo.board, lambda: rests(echo) and echo.session().state is SessionState.OFFLINE)
            assert (echo.session().reason, echo.session().due) == (why, {})
            echo.clock.move(3600)
            await echo.echo.router.settled()
            assert echo.said(CHANNEL) == [] and profile(echo).messages > 50, "kept, and not used"
            assert "No echo is ready" in await echo.command(SUBJECT, CHANNEL, "echo online")
            if how != "expired":
                await put_in(echo)
        events = {event for (event,) in stored(tmp_path, "SELECT event FROM journal")}
        assert {"ConsentGiven", "ConsentRevoked", "ApprovalWithdrawn", "ApprovalGiven", "TimerFired"} <= events
        held = stored(tmp_path, "SELECT ended_at IS NULL, terms IS NOT NULL FROM consents")
        assert held == [(0, 1), (0, 1)], "each answer with its terms, and none holds"


async def test_reading_stops_though_discord_holds_an_answer_back(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        sandbox = echo.echo.sandbox
        assert sandbox is not None
        question = await echo.asked(SUBJECT, CHANNEL, "01.06.2026")
        for how in ("revoked", "withdrawn"):
            sandbox.faults.set({"silent": 1000, "match": "/channels/"})
            await echo.agree(SUBJECT, question)
            await until(echo.board, lambda: at_work("Collect"))
            async with soon():
                await take_out(echo, how)
                while reading := at_work("Collect"):
                    await asyncio.wait(reading)
            assert rests(echo)
            sandbox.faults.clear()
            await seen(echo, partial(told_of, echo, how))
            assert stored(tmp_path, "SELECT count(*) FROM user_messages") == [(0,)]
            assert stored(tmp_path, "SELECT count(*) FROM outbox WHERE effect = 'Collect' AND done = 0") == [(0,)]


def told_of(echo: Running, how: str) -> list[str]:
    """What the message that asked says of the key that is out."""
    told = {"revoked": WHY["revoked"], "withdrawn": "Now somebody who manages this server has to allow it here."}
    return [one["content"] for one in echo.people.messages(CHANNEL) if told[how] in one["content"]]


async def test_its_person_is_reminded_privately_where_that_can_be_and_asked_anew_at_the_end(tmp_path: Path) -> None:
    async with running(tmp_path, chatter(200)) as echo:
        await echo.agreed(SUBJECT, CHANNEL, "01.06.2026")
        first = await echo.ready()
        move_to(echo, Deadline.REMINDER)
        [letter] = await seen(echo, lambda: reminders(echo.people.letters(SUBJECT)))
        assert "ends on 12.12.2026" in letter and "`/echo consent change`" in letter
        assert reminders(echo.people.messages(CHANNEL)) == []
        move_to(echo, Deadline.EXPIRY)
        asked = await until(echo.board, lambda: rests(echo) and profile(echo).consent_message_id)
        assert asked != first.consent_message_id, "the question stands anew, where it is seen"
        await echo.people.close_letters(SUBJECT)
        await put_in(echo)
        move_to(echo, Deadline.REMINDER)
        [post] = await seen(echo, lambda: reminders(echo.people.messages(CHANNEL)))
        assert post.startswith("<@") and len(reminders(echo.people.letters(SUBJECT))) == 1


def reminders(views: list[dict[str, Any]]) -> list[str]:
    return [str(one["content"]) for one in views if "Your consent to an echo of you" in str(one["content"])]


async def seen(echo: Running, what: Callable[[], list[Any]]) -> list[Any]:
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


async def test_who_keeps_messages_for_longer_than_was_agreed_to_has_everybody_asked_anew(tmp_path: Path) -> None:
    clock = HandClock()
    async with running(tmp_path, chatter(200), clock=clock) as echo:
        await echo.agreed(SUBJECT, CHANNEL, "01.06.2026")
        await echo.ready()
    async with running(tmp_path, tmp_path / "export.jsonl", clock=clock, data_retention_days=400) as again:
        asked = await until(again.board, lambda: rests(again) and profile(again).consent_message_id)
        assert profile(again).reason is None, "the question that stands says what there is to say"
        assert stored(tmp_path, "SELECT count(*) FROM journal WHERE event = 'ConsentOutdated'") == [(1,)]
        await again.agree(SUBJECT, {"message_id": str(asked)})
        assert profile(again).has_consent and profile(again).can_speak
