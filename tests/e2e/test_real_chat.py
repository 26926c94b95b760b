"""A real chat, from the export to nothing left: what an echo of one of its people does and what it leaves behind."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from echo.corpus.importers import read_export
from echo.corpus.mark import marked
from echo.corpus.written import Written
from echo.sandbox.snowflakes import snowflake_at
from echo.sandbox.world import World
from states.model import ProfileState, SessionState
from tests.support.recorded import CHAT, Recorded, recorded
from tests.support.running import until
from tests.support.traces import Traces

SMALL: Final = CHAT / "zig-small.jsonl"
SLICE: Final = 6000
"""Messages of the chat that fill the sandbox."""
BEFORE: Final = "17.02.2020"
CUTOFF: Final = datetime(2020, 2, 17, tzinfo=UTC)
"""Within the slice, so that there is something that must not be read."""
CHANNEL: Final = "zig"
TYPED: Final = 15.0
"""Characters a second that nobody types faster than; nobody is seen typing for longer than TYPING_MOST seconds."""
TYPING_MOST: Final = 10.0
LONGEST_WAIT: Final = 300.0
"""Seconds: the default of `max_delay`."""
QUOTE, RUN = 5, 8
"""Words from which on a message repeated as a whole is a quote, and a run of words out of any message."""
ROUNDING: Final = 0.01
"""Seconds: what is lost where times are kept in milliseconds."""


@dataclass(frozen=True)
class Cast:
    """Who is who in the chat: the most active administers the server, the second is echoed, the third talks to them."""

    written: list[Written] = field(repr=False)
    manager: str
    subject: str
    other: str

    def texts(self, author: str | None = None) -> list[str]:
        return [one.text for one in self.written if author in (None, one.author)]


def a_cast() -> Cast:
    if not SMALL.exists():
        pytest.skip("There is no ../shared/chat/zig-small.jsonl beside the repository: the real chat is not tried.")
    written = list(islice(read_export(SMALL), SLICE))
    manager, subject, other = (name for name, _ in Counter(one.author for one in written).most_common(3))
    return Cast(written, manager, subject, other)


def rows(path: Path, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    """What the database holds, read beside Echo."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query, arguments).fetchall()


def words_of(text: str) -> tuple[str, ...]:
    """What stands between white space, without the signs around it."""
    return tuple(re.sub(r"^\W+(?=\w)|(?<=\w)\W+$", "", word) for word in text.casefold().split())


async def test_a_person_of_a_real_chat_is_echoed_and_forgotten(tmp_path: Path) -> None:
    cast, home = a_cast(), tmp_path / "data"
    world = World.populate(1, "A real chat", cast.written)
    async with recorded(home, world) as echo:
        logging.getLogger("echo").debug("This log is kept at the finest level.")
        await nothing_is_read_before_the_press(echo, cast)
        await what_was_collected_is_what_was_agreed_to(echo, cast)
        assert traces(cast).under(home) == {}, "what people wrote stands on the disk in the clear"
        said = await it_answers(echo, cast)
        they_are_no_quotes(said, cast)
        await it_is_silent_once_offline(echo, cast)
        await it_is_forgotten(echo, cast, said)
        assert traces(cast, said).under(home) == {}, "something of them is left"
    assert traces(cast, said).under(home) == {}, "something of them is left after the end"
    assert "kept at the finest level" in (home / "echo.log").read_text(encoding="utf-8")


def traces(cast: Cast, said: Iterable[dict[str, Any]] = ()) -> Traces:
    found = Traces([*cast.texts(), *QUESTIONS, *(one["content"] for one in said)])
    assert len(found) > SLICE / 2
    return found


async def nothing_is_read_before_the_press(echo: Recorded, cast: Cast) -> None:
    asked = await echo.running.people.command(
        cast.manager, CHANNEL, "echo create", {"user": cast.subject, "before": BEFORE}
    )
    question = asked["responses"][0]
    await echo.running.press(cast.manager, question, "I agree")
    assert echo.running.board.profiles[1].state is ProfileState.AWAITING_CONSENT
    assert echo.requests.of_history == 0
    assert rows(echo.database, "SELECT count(*) FROM user_messages") == [(0,)]
    await echo.running.agree(cast.subject, question)
    await echo.running.ready()


async def what_was_collected_is_what_was_agreed_to(echo: Recorded, cast: Cast) -> None:
    theirs = [one for one in cast.written if one.author == cast.subject]
    wanted = sum(one.ts < CUTOFF.timestamp() for one in theirs)
    assert 100 < wanted < len(theirs), "the cut-off divides what they wrote"
    assert echo.requests.of_history >= wanted / 100
    assert rows(echo.database, "SELECT count(*) FROM user_messages WHERE own") == [(wanted,)]
    late = snowflake_at(CUTOFF.timestamp())
    assert rows(echo.database, "SELECT count(*) FROM user_messages WHERE message_id >= ?", late) == [(0,)]


QUESTIONS: Final = (
    "how would you split a build script into two steps?",
    "and does that still hold when the allocator is a global one?",
    "would you write it as a comptime loop or rather as a table?",
    "then who frees the buffer in the end, the caller or the parser?",
)


async def it_answers(echo: Recorded, cast: Cast) -> list[dict[str, Any]]:
    """By name, to a reply, to a mention, and to a bare label; everything that it said."""
    assert "online" in await echo.running.command(cast.subject, CHANNEL, "echo online")
    by_name, by_reply, by_mention, by_label = QUESTIONS
    first = await answers(echo, cast, f"{cast.subject}: {by_name}")
    await answers(echo, cast, by_reply, reply_to=first[-1]["id"])
    await answers(echo, cast, f"@{cast.subject} {by_mention}")
    await answers(echo, cast, f"{cast.subject} (echo), {by_label}")
    return echo.running.said(CHANNEL)


async def answers(echo: Recorded, cast: Cast, text: str, reply_to: str | None = None) -> list[dict[str, Any]]:
    """Say something to the echo and see how it answers."""
    here, known = echo.running, len(echo.running.said(CHANNEL))
    before = here.session().version
    asked = await here.people.say(cast.other, CHANNEL, text, reply_to)
    await until(here.board, lambda: here.session().version != before)
    await here.let_it_speak()
    said = here.said(CHANNEL)[known:]
    assert said, "it did not answer, though it was addressed"
    it_is_labelled_and_pings_nobody(echo, cast, said)
    it_takes_its_time(float(asked["ts"]), said)
    return said


def it_is_labelled_and_pings_nobody(echo: Recorded, cast: Cast, said: list[dict[str, Any]]) -> None:
    for one in said:
        assert one["author"] == f"{cast.subject} (echo)" and one["webhook"]
        message = echo.sandbox.world.message(int(one["channel"]), int(one["id"]))
        assert message is not None and message.content == marked(one["content"])
        assert (message.mentions, message.mention_roles, message.mention_everyone) == ((), (), False)


def it_takes_its_time(asked: float, said: list[dict[str, Any]]) -> None:
    """Not sooner than it takes to type the answer, not later than is allowed; the hand clock says when."""
    wait = said[0]["ts"] - asked
    typing = min(TYPING_MOST, len(said[0]["content"]) / TYPED)
    assert typing - ROUNDING <= wait <= LONGEST_WAIT + ROUNDING
    assert all(0 < after["ts"] - before["ts"] <= LONGEST_WAIT + ROUNDING for before, after in pairwise(said))


def they_are_no_quotes(said: list[dict[str, Any]], cast: Cast) -> None:
    written = [words_of(text) for text in cast.texts()]
    wholes = {words for words in written if len(words) >= QUOTE}
    runs = {run for words in written for run in runs_of(words)}
    answers = [words_of(one["content"]) for one in said]
    quotes = [words for words in answers if words in wholes or not runs.isdisjoint(runs_of(words))]
    assert not quotes, f"{len(quotes)} of {len(said)} messages were quotes"


def runs_of(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [words[at : at + RUN] for at in range(len(words) - RUN + 1)]


async def it_is_silent_once_offline(echo: Recorded, cast: Cast) -> None:
    here = echo.running
    known = len(here.said(CHANNEL))
    await here.command(cast.subject, CHANNEL, "echo offline")
    resting = here.session()
    assert resting.state is SessionState.OFFLINE and not resting.due
    await here.people.say(cast.other, CHANNEL, f"{cast.subject}: {QUESTIONS[0]}")
    # What the gateway tells comes in order: an answered command proves that the message was heard before it.
    assert "Not online" in await here.command(cast.other, CHANNEL, "echo status")
    here.clock.move(2 * LONGEST_WAIT)
    await here.echo.router.settled()
    assert here.session() == resting and len(here.said(CHANNEL)) == known


async def it_is_forgotten(echo: Recorded, cast: Cast, said: list[dict[str, Any]]) -> None:
    assert rows(echo.database, "SELECT count(*) FROM user_messages")[0][0] > 100
    assert rows(echo.database, "SELECT count(*) FROM generations")[0][0] >= len(QUESTIONS)
    assert list(echo.home.rglob("*.model"))
    await echo.running.command(cast.subject, CHANNEL, "echo forget")
    profiles = echo.running.board.profiles
    await until(echo.running.board, lambda: profiles[1].state is ProfileState.FORGOTTEN)
    for table in ("user_messages", "generations", "training_runs", "profile_keys WHERE wrapped_key IS NOT NULL"):
        assert rows(echo.database, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert not list(echo.home.rglob("*.model"))


def test_a_sentence_on_the_disk_is_found_wherever_it_stands(tmp_path: Path) -> None:
    text = 'The heron said "no" twice. Then it flew away, slowly!'
    found = Traces([text])
    assert len(found) == 5
    for name, data in {
        "plain": b"\0\1\2" + text.encode(),
        "json": b'{"text": "The heron said \\"no\\" twice."}',
        "far": b"x" * ((1 << 22) - 5) + b"Then it flew away, slowly!",
        "clean": b"Then it flew away, slow" * 1000,
    }.items():
        (tmp_path / name).write_bytes(data)
    assert found.under(tmp_path) == {"far": 1, "json": 1, "plain": 3}
