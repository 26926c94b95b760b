"""Quizzes: moments to guess at as ciphertext, which quizzes are running, and how many guesses were right."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import aiosqlite

from db.cipher import Cipher
from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL
from db.stored import QuizMoment

MOST_MOMENTS = 30
"""Moments that are kept of a profile."""
CONTEXT_LINES = 4
"""Messages of what stood before that are kept of a moment: more would not be shown."""


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A stored moment, and the version of the model that speaks in it."""

    id: int
    version: int
    moment: QuizMoment


@dataclass(frozen=True, slots=True)
class RunningQuiz:
    """A quiz that stands in the channel as `message_id`."""

    id: int
    profile_id: int
    channel_id: int
    message_id: int


class Quizzes:
    """Stores moments and results. Who guessed what is never stored: a running quiz remembers it, and forgets it."""

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def put_moments(self, profile_id: int, version: int, moments: Sequence[QuizMoment]) -> int:
        """Keep moments, in which model `version` speaks, for older ones; how many were kept.

        None are kept where the subject took the quiz back, or something was edited or deleted that the machine has not
        learnt anew since; of the rest, those of which every message is stored, at most MOST_MOMENTS, each with the
        last CONTEXT_LINES of its context. Raises
        KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(profile_id)
        kept = 0
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            await SQL.erase_open_moments(connection, profile_id=profile_id)
            if await SQL.quiz_is_kept_for(connection, profile_id=profile_id) is None:
                return 0
            for moment in moments[:MOST_MOMENTS]:
                kept += await _put(connection, cipher, profile_id, version, _trimmed(moment))
        return kept

    async def moments(self, profile_id: int) -> list[KeptMoment]:
        """The moments that can still be asked, in the order in which they were put.

        Those are left out that were asked, and those of which an asked one has shown what the subject wrote. Raises
        Tampered where one does not open, KeyDestroyed where the profile was forgotten.
        """
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.read() as connection:
            rows = [row async for row in SQL.open_moments(connection, profile_id=profile_id)]
        return [KeptMoment(row["id"], row["version"], _open(cipher, profile_id, row)) for row in rows]

    async def is_kept(self, moment_id: int) -> bool:
        """Whether a moment still stands: nothing of it was edited, deleted, taken back or forgotten."""
        async with self._database.read() as connection:
            return await SQL.is_moment_kept(connection, id=moment_id) is not None

    async def note_asked(self, moment_id: int) -> None:
        """A moment is shown now: nobody is asked it again, and its text need not be kept any more."""
        async with self._database.write() as connection:
            await SQL.note_moment_asked(connection, id=moment_id)

    async def begin(self, profile_id: int, channel_id: int, message_id: int) -> int:
        """A quiz stands in a channel; its id. Raises KeyDestroyed where the profile was forgotten meanwhile."""
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            return int(
                await SQL.add_quiz(
                    connection,
                    profile_id=profile_id,
                    channel_id=channel_id,
                    message_id=message_id,
                    started_at=time_to_text(self._clock()),
                )
            )

    async def end(self, quiz_id: int) -> None:
        """A quiz is over, and its message says so."""
        async with self._database.write() as connection:
            await SQL.drop_quiz(connection, id=quiz_id)

    async def running(self) -> list[RunningQuiz]:
        """The quizzes that are not over, oldest first."""
        async with self._database.read() as connection:
            return [
                RunningQuiz(row["id"], row["profile_id"], row["channel_id"], row["message_id"])
                async for row in SQL.all_quizzes(connection)
            ]

    async def count(self, profile_id: int, version: int, right: int, total: int) -> tuple[int, int]:
        """Add the guesses of one question, of which `right` were right; right and total of this version now.

        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            await SQL.add_guesses(connection, profile_id=profile_id, version=version, correct=right, guesses=total)
            return (await _guesses(connection, profile_id))[version]

    async def guesses(self, profile_id: int) -> Mapping[int, tuple[int, int]]:
        """How many guesses were right, and how many there were, by the model's version."""
        async with self._database.read() as connection:
            return await _guesses(connection, profile_id)


def _trimmed(moment: QuizMoment) -> QuizMoment:
    more = max(0, len(moment.context) - CONTEXT_LINES)
    return replace(moment, context=moment.context[more:], message_ids=moment.message_ids[more:])


async def _put(
    connection: aiosqlite.Connection, cipher: Cipher, profile_id: int, version: int, moment: QuizMoment
) -> bool:
    known = sorted({one for one in moment.message_ids if one})
    row = await SQL.stored_since(connection, profile_id=profile_id, ids=json.dumps(known))
    if not known or row["found"] < len(known):
        return False
    number = int(await SQL.next_moment_number(connection, profile_id=profile_id))
    moment_id = await SQL.add_moment(
        connection,
        profile_id=profile_id,
        version=version,
        number=number,
        channel_id=moment.channel_id,
        content=cipher.seal(_plain(moment), *_place(profile_id, version, number, moment.channel_id)),
        stored_at=row["stored_at"],
    )
    own = {one for one in moment.message_ids[len(moment.context) :] if one}
    for ids, is_own in ((own, True), (set(known) - own, False)):
        await SQL.add_moment_messages(connection, moment_id=moment_id, ids=json.dumps(sorted(ids)), own=is_own)
    return True


async def _guesses(connection: aiosqlite.Connection, profile_id: int) -> dict[int, tuple[int, int]]:
    rows = SQL.guesses_of(connection, profile_id=profile_id)
    return {row["version"]: (row["correct"], row["guesses"]) async for row in rows}


def _place(profile_id: int, version: int, number: int, channel_id: int) -> tuple[str | int, ...]:
    return ("quiz moment", profile_id, version, number, channel_id)


def _plain(moment: QuizMoment) -> bytes:
    return json.dumps([moment.at, moment.context, moment.real, moment.echo, moment.message_ids]).encode()


def _open(cipher: Cipher, profile_id: int, row: sqlite3.Row) -> QuizMoment:
    place = _place(profile_id, row["version"], row["number"], row["channel_id"])
    at, context, real, echo, message_ids = json.loads(cipher.open(row["content"], *place))
    return QuizMoment(
        row["channel_id"],
        at,
        tuple((author, text) for author, text in context),
        tuple(real),
        tuple(echo),
        tuple(message_ids),
    )
