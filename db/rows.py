"""Snapshots, journal lines and outbox rows as rows of the database, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from db.cipher import Cipher
from db.codec import (
    due_from_text,
    due_to_text,
    effect_from_text,
    maybe_time_from_text,
    maybe_time_to_text,
    terms_from_text,
    terms_to_text,
    time_from_text,
    time_to_text,
)
from states.board import JournalLine
from states.effects import Effect
from states.model import (
    Allowance,
    MachineKey,
    MachineKind,
    ProfileSnapshot,
    ProfileState,
    SessionSnapshot,
    SessionState,
)
from states.terms import DEFAULT_TERMS


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A queued effect of machine `key`. `started_at` is when its first try began, `tries` how many did."""

    id: int
    key: MachineKey
    effect: Effect
    created_at: datetime
    started_at: datetime | None
    tries: int


def _as_is(kind: type[ProfileSnapshot] | type[SessionSnapshot], *translated: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in translated)


_PROFILE_AS_IS = _as_is(
    ProfileSnapshot,
    *("state", "cutoff", "created_at", "paused", "amending", "tuned", "previous_tuned", "allows", "due"),
    *("terms", "agreed", "approved", "expires"),
)
_SESSION_AS_IS = _as_is(
    SessionSnapshot,
    *("state", "started_at", "since", "addressed", "typing", "pending", "gaps", "opens", "opening", "opened", "due"),
)


def of_profile(snapshot: ProfileSnapshot, house: Cipher) -> dict[str, Any]:
    """The snapshot as named parameters. What the subject agreed to is sealed under the installation's own key."""
    return {name: getattr(snapshot, name) for name in _PROFILE_AS_IS} | {
        "state": snapshot.state.value,
        "cutoff": time_to_text(snapshot.cutoff),
        "created_at": time_to_text(snapshot.created_at),
        "paused": snapshot.paused,
        "amending": snapshot.amending,
        "tuned": snapshot.tuned,
        "previous_tuned": snapshot.previous_tuned,
        "allows": json.dumps(sorted(snapshot.allows)),
        "terms": house.seal(terms_to_text(snapshot.terms).encode(), *terms_place(_bound(snapshot))),
        "agreed": snapshot.agreed,
        "approved": snapshot.approved,
        "expires": maybe_time_to_text(snapshot.expires),
        "due": due_to_text(snapshot.due),
    }


def _bound(snapshot: ProfileSnapshot) -> dict[str, Any]:
    names = ("server_id", "user_id", "version", "agreed", "approved")
    return {name: getattr(snapshot, name) for name in names} | {
        "training_status": snapshot.state.value,
        "expires": maybe_time_to_text(snapshot.expires),
    }


def terms_place(row: Mapping[str, Any]) -> tuple[str | int, ...]:
    """What a row's terms are bound to: whose they are, and all that says whether they hold. So nobody who lacks the key
    can have a profile stand where its subject did not put it, nor put older terms into a newer row."""
    keys = f"{int(row['agreed'])}{int(row['approved'])}"
    return (
        "terms",
        row["server_id"],
        row["user_id"],
        row["version"],
        row["training_status"],
        keys,
        row["expires"] or "",
    )


def of_session(snapshot: SessionSnapshot) -> dict[str, Any]:
    """The snapshot as named parameters."""
    return {name: getattr(snapshot, name) for name in _SESSION_AS_IS} | {
        "state": snapshot.state.value,
        "is_active": snapshot.state.is_online,
        "addressed": snapshot.addressed,
        "typing": snapshot.typing,
        "pending": snapshot.pending,
        "started_at": time_to_text(snapshot.started_at),
        "since": maybe_time_to_text(snapshot.since),
        "gaps": json.dumps(snapshot.gaps),
        "opens": snapshot.opens,
        "opening": snapshot.opening,
        "opened": json.dumps([time_to_text(at) for at in snapshot.opened]),
        "due": due_to_text(snapshot.due),
    }


def to_profile(row: sqlite3.Row, house: Cipher) -> ProfileSnapshot:
    """The snapshot that a row of `echo_profiles` holds. Raises Tampered where what was agreed to was changed."""
    values = dict(row)
    sealed, place = row["terms"], terms_place(values)
    return ProfileSnapshot(
        **{name: values[name] for name in _PROFILE_AS_IS},
        state=ProfileState(row["training_status"]),
        cutoff=time_from_text(row["cutoff_date"]),
        created_at=time_from_text(row["created_at"]),
        paused=bool(row["paused"]),
        amending=bool(row["amending"]),
        tuned=bool(row["tuned"]),
        previous_tuned=bool(row["previous_tuned"]),
        allows=frozenset(map(Allowance, json.loads(row["allows"]))),
        # What was agreed to before there was a choice.
        terms=DEFAULT_TERMS if sealed is None else terms_from_text(house.open(sealed, *place).decode()),
        agreed=bool(row["agreed"]),
        approved=bool(row["approved"]),
        expires=maybe_time_from_text(row["expires"]),
        due=MappingProxyType(due_from_text(row["due"])),
    )


def to_session(row: sqlite3.Row) -> SessionSnapshot:
    """The snapshot that a row of `echo_sessions` holds."""
    values = dict(row)
    return SessionSnapshot(
        **{name: values[name] for name in _SESSION_AS_IS},
        state=SessionState(row["state"]),
        started_at=time_from_text(row["started_at"]),
        since=maybe_time_from_text(row["since"]),
        addressed=bool(row["addressed"]),
        typing=bool(row["typing"]),
        pending=bool(row["pending"]),
        gaps=tuple(json.loads(row["gaps"])),
        opens=bool(row["opens"]),
        opening=bool(row["opening"]),
        opened=tuple(time_from_text(at) for at in json.loads(row["opened"])),
        due=MappingProxyType(due_from_text(row["due"])),
    )


def to_journal_line(row: sqlite3.Row) -> JournalLine:
    """The line that a row of `journal` holds."""
    return JournalLine(
        at=time_from_text(row["at"]),
        key=MachineKey(MachineKind(row["machine_kind"]), row["machine_id"]),
        version=row["version"],
        event=row["event"],
        source=row["source"],
        dest=row["dest"],
        facts=row["facts"],
    )


def to_outbox_row(row: sqlite3.Row) -> OutboxRow:
    """The queued effect that a row of `outbox` holds."""
    return OutboxRow(
        id=row["id"],
        key=MachineKey(MachineKind(row["machine_kind"]), row["machine_id"]),
        effect=effect_from_text(row["effect"], row["fields"]),
        created_at=time_from_text(row["created_at"]),
        started_at=maybe_time_from_text(row["started_at"]),
        tries=row["tries"],
    )
