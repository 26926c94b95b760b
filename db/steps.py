"""Records a step: snapshot, journal, audit, outbox, consent and allowances in one transaction, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import aiosqlite

from db.acts import put_act
from db.allowances import put_allowance, withdraw_allowance
from db.cipher import Cipher
from db.codec import effect_to_text, facts_of, time_to_text
from db.connection import Database
from db.consents import end_consent, put_consent
from db.erased import begin_erasure
from db.errors import TwoWriters
from db.keys import Keyring
from db.rows import OutboxRow, of_profile, of_session, to_profile, to_session
from db.sql import SQL
from states.board import JournalLine
from states.decide import Step
from states.effects import (
    QUEUED,
    Effect,
    EndConsent,
    RecordAllowance,
    RecordConsent,
    RecordErasure,
    WithdrawAllowance,
)
from states.model import ProfileSnapshot, SessionSnapshot, Snapshot


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a step became: its snapshot (with its id, if it was born), its journal line and the effects it queued."""

    snapshot: Snapshot
    line: JournalLine
    outbox: tuple[OutboxRow, ...]


class Steps:
    """Writes steps and reads back where every machine stands."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def record(self, step: Step, settles: int | None = None) -> Recorded:
        """Keep a step; `settles` is the outbox row whose event it is.

        Raises AlreadyExists at a birth beside a living profile of the same subject or a session in the same channel,
        TwoWriters where the row is not at the version that the step began with, and other StorageErrors; nothing is
        kept then.
        """
        house = await self._keyring.house()
        async with self._database.write() as connection:
            snapshot = await _put(connection, step, house)
            line = _line(step, snapshot)
            await SQL.add_journal_line(
                connection,
                at=time_to_text(line.at),
                kind=line.key.kind.value,
                id=line.key.id,
                version=line.version,
                event=line.event,
                source=line.source,
                dest=line.dest,
                facts=line.facts,
            )
            rows = [await _queue(connection, step, snapshot, e) for e in step.effects if isinstance(e, QUEUED)]
            for effect in step.effects:
                await _put_beside(connection, house, snapshot, effect)
            await put_act(connection, house, step, snapshot)
            if settles is not None:
                await SQL.settle_outbox_row(connection, id=settles)
        return Recorded(snapshot, line, tuple(rows))

    async def load(self) -> tuple[list[ProfileSnapshot], list[SessionSnapshot]]:
        """Where every machine stands, forgotten profiles too, by id."""
        house = await self._keyring.house()
        async with self._database.read() as connection:
            profiles = [to_profile(row, house) async for row in SQL.all_profiles(connection)]
            sessions = [to_session(row) async for row in SQL.all_sessions(connection)]
        return profiles, sessions


async def _put(connection: aiosqlite.Connection, step: Step, house: Cipher) -> Snapshot:
    after, before = step.after, step.before
    if isinstance(after, ProfileSnapshot):
        add, change, row = SQL.add_profile, SQL.change_profile, of_profile(after, house)
    else:
        add, change, row = SQL.add_session, SQL.change_session, of_session(after)
    if before is None:
        del row["id"]
        return replace(after, id=await add(connection, **row))
    if await change(connection, before=before.version, **row) is None:
        raise TwoWriters(
            f"The {after.key.kind} {after.id} was changed by somebody else meanwhile: make sure that only one Echo "
            "uses this database, then start it again."
        )
    return after


def _line(step: Step, snapshot: Snapshot) -> JournalLine:
    return JournalLine(
        at=step.event.at,
        key=snapshot.key,
        version=snapshot.version,
        event=type(step.event).__name__,
        source=None if step.before is None else step.before.state.value,
        dest=snapshot.state.value,
        facts=facts_of(step.event),
    )


async def _queue(connection: aiosqlite.Connection, step: Step, snapshot: Snapshot, effect: Effect) -> OutboxRow:
    name, fields = effect_to_text(effect)
    row_id: Any = await SQL.add_outbox_row(
        connection,
        kind=snapshot.key.kind.value,
        machine_id=snapshot.id,
        effect=name,
        fields=fields,
        created_at=time_to_text(step.event.at),
    )
    return OutboxRow(row_id, snapshot.key, effect, step.event.at, None, 0)


async def _put_beside(connection: aiosqlite.Connection, house: Cipher, snapshot: Snapshot, effect: Effect) -> None:
    match effect:
        case RecordConsent():
            await put_consent(connection, house, snapshot.id, effect)
        case EndConsent():
            await end_consent(connection, snapshot.id, effect)
        case RecordAllowance():
            await put_allowance(connection, snapshot.id, effect)
        case WithdrawAllowance():
            await withdraw_allowance(connection, snapshot.id, effect)
        case RecordErasure():
            await begin_erasure(connection, snapshot.id, effect.asked_at, effect.asked_by, posts=effect.posts)
