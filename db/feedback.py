"""What people think of what echoes said: counted by version, and used when an echo chooses among its drafts.

Who gave it is a keyed hash, so that they can take it back; the message's words are ciphertext under the profile's key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.codec import time_to_text
from db.connection import Database
from db.contacts import hashed
from db.keys import Keyring
from db.sql import SQL
from db.stored import Mark
from states.feedback import Rater, Tally, Verdict, tallied

MOST: Final = 200
"""Messages of a profile whose marks count when it chooses, the newest marked."""
WEIGHTS: Final = {
    (Rater.SUBJECT, Verdict.UNLIKE): -1.0,
    (Rater.SUBJECT, Verdict.DISLIKE): -1.0,
    (Rater.SUBJECT, Verdict.LIKE): 0.5,
    (Rater.MEMBER, Verdict.DISLIKE): -0.1,
    (Rater.MEMBER, Verdict.LIKE): 0.1,
}
"""How much each counts. Whom it imitates knows best; members together weigh at most MEMBERS."""
MEMBERS: Final = 0.3


@dataclass(frozen=True, slots=True)
class SaidMessage:
    """One message that an echo said: the `part`-th of a draft by model `version`."""

    message_id: int
    profile_id: int
    channel_id: int
    version: int
    text: str


class Feedback:
    """Stores verdicts and gives back what follows from them. `clock` gives the time of a verdict."""

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._marks: dict[int, tuple[Mark, ...]] = {}

    async def said(self, message_id: int) -> SaidMessage | None:
        """What an echo said as this message, as long as that is kept; None for everything else."""
        async with self._database.read() as connection:
            row = await SQL.said_message(connection, message_id=message_id)
        if row is None:
            return None
        cipher = await self._keyring.key_for(row["profile_id"])
        opened = cipher.open(row["texts"], "generation", row["profile_id"], row["session_id"], row["turn"])
        version = int(str(row["model"]).rpartition("-")[2])
        text = json.loads(opened)[row["part"]]
        return SaidMessage(message_id, row["profile_id"], row["channel_id"], version, text)

    async def give(self, said: SaidMessage, user_id: int, rater: Rater, verdict: Verdict) -> None:
        """Keep what somebody thinks of a message; once more changes nothing.

        Raises KeyDestroyed where the profile was forgotten.
        """
        cipher = await self._keyring.key_for(said.profile_id)
        person = await hashed(self._keyring, "feedback", said.profile_id, user_id)
        # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
        content = json.dumps([said.text, said.channel_id]).encode("ascii")
        sealed = cipher.seal(content, *_place(said.profile_id, said.message_id))
        async with self._database.write() as connection:
            await self._keyring.require(connection, said.profile_id)
            await SQL.put_feedback(
                connection,
                profile_id=said.profile_id,
                message_id=said.message_id,
                person=person,
                verdict=verdict,
                rater=rater,
                version=said.version,
                content=sealed,
                given_at=time_to_text(self._clock()),
            )
        self._marks.pop(said.profile_id, None)

    async def withdraw(self, profile_id: int, message_id: int, user_id: int, verdict: Verdict) -> None:
        """Forget that somebody thought so."""
        person = await hashed(self._keyring, "feedback", profile_id, user_id)
        async with self._database.write() as connection:
            of = {"profile_id": profile_id, "message_id": message_id, "person": person}
            await SQL.withdraw_feedback(connection, **of, verdict=verdict)
        self._marks.pop(profile_id, None)

    async def drop(self, profile_id: int, message_id: int) -> None:
        """Forget all that was thought of a message, and its words."""
        async with self._database.write() as connection:
            await SQL.drop_feedback_of_message(connection, message_id=message_id)
        self._marks.pop(profile_id, None)

    async def forget_person(self, profile_id: int, user_id: int) -> None:
        """Forget all that somebody thought of what an echo said."""
        person = await hashed(self._keyring, "feedback", profile_id, user_id)
        async with self._database.write() as connection:
            await SQL.drop_feedback_of_person(connection, profile_id=profile_id, person=person)
        self._marks.pop(profile_id, None)

    async def every(self) -> dict[int, tuple[Tally, ...]]:
        """The tallies of all profiles, by profile."""
        async with self._database.read() as connection:
            ids = [row["profile_id"] async for row in SQL.profiles_with_feedback(connection)]
        return {profile_id: await self.tallies(profile_id) for profile_id in ids}

    async def tallies(self, profile_id: int) -> tuple[Tally, ...]:
        """What was thought of each version, the lowest first."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.feedback_counts(connection, profile_id=profile_id)]
        return tallied((row["version"], Rater(row["rater"]), Verdict(row["verdict"]), row["times"]) for row in rows)

    async def marks(self, profile_id: int) -> tuple[Mark, ...]:
        """What was said and how it was found, for choosing among drafts: of MOST messages, each -1..1, none of 0.

        Raises Tampered where a row does not open, KeyDestroyed where the profile was forgotten.
        """
        known = self._marks.get(profile_id)
        if known is None:
            async with self._database.read() as connection:
                rows = [row async for row in SQL.feedback_of(connection, profile_id=profile_id)]
            known = await self._read(profile_id, rows) if rows else ()
            self._marks[profile_id] = known
        return known

    def let_go(self, profile_id: int) -> None:
        """Keep nothing of this profile in memory any more."""
        self._marks.pop(profile_id, None)

    async def _read(self, profile_id: int, rows: Iterable[sqlite3.Row]) -> tuple[Mark, ...]:
        cipher = await self._keyring.key_for(profile_id)
        weights: dict[int, dict[Rater, float]] = {}
        texts: dict[int, tuple[str, int]] = {}
        for row in rows:
            message_id, rater, verdict = row["message_id"], Rater(row["rater"]), Verdict(row["verdict"])
            if message_id not in texts:
                if len(texts) == MOST:
                    continue
                text, channel_id = json.loads(cipher.open(row["content"], *_place(profile_id, message_id)))
                texts[message_id] = text, channel_id
            of = weights.setdefault(message_id, {})
            of[rater] = of.get(rater, 0.0) + WEIGHTS.get((rater, verdict), 0.0)
        found = ((*texts[message_id], _weight(of)) for message_id, of in weights.items())
        return tuple(Mark(text, weight, channel_id) for text, channel_id, weight in found if weight)


def _weight(of: dict[Rater, float]) -> float:
    members = max(-MEMBERS, min(MEMBERS, of.get(Rater.MEMBER, 0.0)))
    return max(-1.0, min(1.0, members + of.get(Rater.SUBJECT, 0.0)))


def _place(profile_id: int, message_id: int) -> tuple[str | int, ...]:
    return ("feedback", profile_id, message_id)
